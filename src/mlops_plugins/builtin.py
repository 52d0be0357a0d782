"""The built-in implementations, one entry each: a name in `conf/` and the class that runs it.

They are plugins like any other; this module is all that is imported of them until one is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.hookspecs import hookimpl
from mlops_plugins.api.spec import ComponentSpec
from mlops_plugins.api.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable


def _builtin(stage: Stage, name: str, attribute: str, summary: str, **more: Any) -> ComponentSpec:
    """Describe `stages/<stage>/<name>.py`."""
    target = f"mlops_plugins.stages.{stage}.{name}:{attribute}"
    return ComponentSpec(stage=stage, name=name, target=target, summary=summary, **more)


BUILTINS = (
    _builtin(
        Stage.INGEST,
        "file",
        "File",
        "Files: CSV, Parquet or Excel; one, a folder, a pattern; local or s3://",
    ),
    _builtin(Stage.INGEST, "sample", "Sample", "Flights from New York in 2013: late at arrival?"),
    _builtin(
        Stage.INGEST,
        "sql",
        "Sql",
        "A query to a database: PostgreSQL, SQLite, DuckDB, or what SQLAlchemy reaches",
        extra="mlops-plugins[sql]",
    ),
    _builtin(
        Stage.VALIDATE,
        "pandera",
        "Pandera",
        "Types, nulls, ranges and categories of schema.yaml; signs of leakage",
        extra="mlops-plugins[pandera]",
        cache_version=2,
        libraries=("pandera",),
    ),
    _builtin(
        Stage.PROFILE,
        "table",
        "TableProfile",
        "Every column, its relation to the target, and what to notice",
        libraries=("pandas",),
    ),
    _builtin(Stage.PROFILE, "none", "NoProfile", "Profile nothing"),
    _builtin(
        Stage.SPLIT,
        "column",
        "Column",
        "The test rows are those that a column names",
        cache_version=2,
    ),
    _builtin(Stage.SPLIT, "group", "Group", "The test rows are groups at random", cache_version=2),
    _builtin(Stage.SPLIT, "random", "Random", "The test rows are rows at random", cache_version=2),
    _builtin(
        Stage.SPLIT,
        "stratified",
        "Stratified",
        "The test rows are rows at random, each class in proportion",
        cache_version=2,
    ),
    _builtin(Stage.SPLIT, "time", "Time", "The test rows are the last in time", cache_version=2),
    _builtin(
        Stage.FEATURES,
        "project",
        "ProjectFeatures",
        "The project's own src/<package>/features.py",
        cache_version=2,
        libraries=("pandas",),
    ),
    _builtin(
        Stage.TUNE, "none", "NoTuner", "Tune nothing: the trainer's options are those of conf/"
    ),
    _builtin(
        Stage.TUNE,
        "optuna",
        "Optuna",
        "Optuna: searches the trainer's options, and goes on where it was killed",
        extra="mlops-plugins[optuna]",
        libraries=("optuna",),
    ),
    _builtin(
        Stage.TRAIN,
        "catboost",
        "CatBoost",
        "CatBoost's symmetric trees, categories as they are",
        extra="mlops-plugins[catboost]",
        libraries=("catboost", "scikit-learn"),
    ),
    _builtin(
        Stage.TRAIN,
        "estimator",
        "Estimator",
        "Any scikit-learn estimator by its name",
        extra="mlops-plugins[sklearn]",
        cache_version=3,
        libraries=("scikit-learn",),
    ),
    _builtin(
        Stage.TRAIN,
        "lightgbm",
        "LightGBM",
        "LightGBM's boosted trees",
        extra="mlops-plugins[lightgbm]",
        cache_version=3,
        libraries=("lightgbm", "scikit-learn"),
    ),
    _builtin(
        Stage.TRAIN,
        "sklearn",
        "GradientBoosting",
        "scikit-learn's HistGradientBoosting",
        extra="mlops-plugins[sklearn]",
        cache_version=3,
        libraries=("scikit-learn",),
    ),
    _builtin(
        Stage.TRAIN,
        "xgboost",
        "XGBoost",
        "XGBoost's boosted trees",
        extra="mlops-plugins[xgboost]",
        cache_version=3,
        libraries=("scikit-learn", "xgboost-cpu"),
    ),
    _builtin(
        Stage.EVALUATE,
        "metrics",
        "Metrics",
        "Metrics with intervals, baselines, calibration, slices, fairness and pictures",
        extra="mlops-plugins[sklearn]",
        cache_version=2,
        libraries=("scikit-learn",),
    ),
    _builtin(
        Stage.EXPLAIN,
        "permutation",
        "Permutation",
        "Permutation importance of the raw columns",
        extra="mlops-plugins[sklearn]",
        cache_version=2,
        libraries=("scikit-learn",),
    ),
    _builtin(
        Stage.EXPLAIN,
        "shap",
        "Shap",
        "SHAP values of the raw columns",
        extra="mlops-plugins[shap]",
        libraries=("shap", "scikit-learn"),
    ),
    _builtin(Stage.EXPLAIN, "none", "NoExplanation", "Explain nothing"),
    _builtin(
        Stage.GATE,
        "champion",
        "Gatekeeper",
        "Limits, baselines, and not worse than the champion in anything",
        extra="mlops-plugins[sklearn]",
        cache_version=2,
        libraries=("scikit-learn",),
    ),
    _builtin(
        Stage.REPORT, "page", "Page", "One self-contained page, a model card and a data sheet"
    ),
    _builtin(
        Stage.REPORT, "none", "NoReport", "Report nothing; promotion still needs a complete card"
    ),
    _builtin(
        Stage.TRACK,
        "mlflow",
        "Tracker",
        "MLflow: one run for each distinct result",
        extra="mlops-plugins[mlflow]",
    ),
    _builtin(Stage.TRACK, "none", "NoTracker", "Track nothing"),
    _builtin(
        Stage.REGISTER,
        "folder",
        "FolderRegistry",
        "A registry in a folder, without MLflow: versions, champion and history",
    ),
    _builtin(
        Stage.REGISTER,
        "mlflow",
        "Registry",
        "MLflow's model registry: versions, challenger and champion",
        extra="mlops-plugins[mlflow]",
    ),
    _builtin(Stage.REGISTER, "none", "NoRegistry", "Register nothing: there is never a champion"),
    _builtin(
        Stage.SERVE,
        "fastapi",
        "Service",
        "HTTP with FastAPI: /predict, /healthz, /metrics",
        extra="mlops-plugins[fastapi]",
    ),
    _builtin(
        Stage.MONITOR,
        "drift",
        "DriftMonitor",
        "Data quality, drift and performance, with few false alarms",
        extra="mlops-plugins[drift]",
        libraries=("scipy",),
    ),
    _builtin(
        Stage.MONITOR,
        "evidently",
        "EvidentlyMonitor",
        "Drift by Evidently, with its interactive report",
        extra="mlops-plugins[evidently]",
        libraries=("evidently",),
    ),
    _builtin(
        Stage.RETRAIN,
        "policy",
        "Policy",
        "Retrain after enough windows with drift or lost performance",
    ),
    _builtin(Stage.NOTIFY, "file", "File", "Append alerts to a file, one JSON object a line"),
    _builtin(Stage.NOTIFY, "log", "Log", "Write alerts to the log"),
)


@hookimpl
def mlops_implementations() -> Iterable[ComponentSpec]:
    """Offer them."""
    return BUILTINS
