"""The default project's work as one plain script in one process, for comparison.

    python bench/script.py flights.parquet FOLDER

It is what one would write without this package: the same data, libraries, model, metrics, number
of resamples, pictures, importance, verdict and registration, and nothing that makes a pipeline:
no stage can be swapped, skipped, restored or looked at, and every run does everything again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

# The project's cap, set as it must be: before numpy is imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import pandera.pandas as pa
import skops.io
from mlflow.models import infer_signature
from sklearn import metrics as m
from sklearn.calibration import calibration_curve
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, TargetEncoder

from mlops_plugins import pages
from mlops_plugins.profiling import report
from mlops_plugins.profiling.sample import Sample
from mlops_plugins.stages import Data

SEED = 42
TARGET, TIME, ID = "late", "scheduled", "flight_id"
SINCE, UNTIL, TEST_SHARE = "2013-01-01", "2013-07-01", 0.2
PARAMETERS = {
    "learning_rate": 0.1,
    "max_iter": 200,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 0.0,
}
RESAMPLES, IMPORTANCE_ROWS, REPEATS, MIN_GAIN = 100, 5000, 3, 0.01
NAME = "script"
TRUSTED = [
    "functools.partial",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.utils.validation.check_array",
]


def main(sample: Path, folder: Path) -> None:
    """Do everything, and leave what it made in `folder`."""
    folder.mkdir(parents=True)
    rows = validate(ingest(sample))
    profile(rows, folder)
    train, test = split(rows)
    model = fit(features(inputs(train)), train[TARGET])
    skops.io.dump(model, folder / "model.skops")

    scores = model.predict_proba(features(inputs(test)))[:, 1]
    target = test[TARGET].to_numpy()
    measured = evaluate(target, scores)
    trivial = evaluate(target, np.full(len(target), train[TARGET].mean()))
    measured |= {f"baseline.{name}": value for name, value in trivial.items()}
    measured |= intervals(target, scores)
    (folder / "metrics.json").write_text(json.dumps(measured, indent=2))
    test.assign(prediction=(scores > 0.5).astype(int), score=scores).to_parquet(
        folder / "predictions.parquet", index=False, compression="zstd"
    )
    draw_curves(target, scores, folder)
    draw_confusion(target, scores, folder)
    explain(model, test, folder)
    promoted = measured["roc_auc"] - trivial["roc_auc"] >= MIN_GAIN
    verdict = {"decision": "promote" if promoted else "block", "roc_auc": measured["roc_auc"]}
    (folder / "verdict.json").write_text(json.dumps(verdict))
    track(measured, sample, folder, inputs(test), register=promoted)


def ingest(sample: Path) -> pd.DataFrame:
    """Read the flights of the period."""
    rows = pd.read_parquet(sample)
    return rows[(rows[TIME] >= SINCE) & (rows[TIME] < UNTIL)].reset_index(drop=True)


def validate(rows: pd.DataFrame) -> pd.DataFrame:
    """Hold every column against a schema inferred from the rows, as the first run does."""
    columns = {}
    for name, column in rows.items():
        checks = []
        if pd.api.types.is_numeric_dtype(column) and name not in (ID, TARGET):
            margin = (column.max() - column.min()) / 2 or 1.0
            checks = [pa.Check.ge(column.min() - margin), pa.Check.le(column.max() + margin)]
        elif name == TARGET or (name != ID and column.nunique() <= 200 and name != TIME):
            checks = [pa.Check.isin(column.dropna().unique().tolist())]
        columns[name] = pa.Column(checks=checks, nullable=bool(column.isna().any()))
    validated: pd.DataFrame = pa.DataFrameSchema(columns).validate(rows, lazy=True)
    return validated


def profile(rows: pd.DataFrame, folder: Path) -> None:
    """Draw every column; by the same code, whose work it is that is compared and not its lines."""
    data = Data(task="binary", target=TARGET, time=TIME, id=ID)
    some = rows.iloc[:: -(-len(rows) // 100_000)].reset_index(drop=True)
    found = report.make(Sample(some, len(rows), dict(rows.isna().sum())), data)
    (folder / "profile.html").write_text(
        pages.render("profiling/page.html.j2", report=found, project="late")
    )


def split(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the newest rows aside."""
    times = rows[TIME].to_numpy()
    border = np.sort(times)[int(len(times) * (1 - TEST_SHARE))]
    return rows[times < border].reset_index(drop=True), rows[times >= border].reset_index(drop=True)


def inputs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the raw columns that predict."""
    return rows.drop(columns=[TARGET, ID])


def features(rows: pd.DataFrame) -> pd.DataFrame:
    """Do what the template's features.py does."""
    scheduled = rows[TIME].dt
    made = rows.drop(columns=TIME).assign(
        hour=scheduled.hour + scheduled.minute / 60,
        day_of_week=scheduled.day_of_week,
        day_of_year=scheduled.day_of_year,
    )
    categories = made.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in made.dtypes]]
    return made.astype(dict.fromkeys(categories, object))


def fit(table: pd.DataFrame, target: pd.Series[Any]) -> Pipeline:
    """Fit the boosted trees."""
    texts = table.select_dtypes(object).columns.tolist()
    categories = [name for name in texts if table[name].nunique() <= 40]
    many = [name for name in texts if name not in categories]
    numbers = table.columns.difference(texts, sort=False).tolist()
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
    )
    model = HistGradientBoostingClassifier(
        **PARAMETERS,
        categorical_features=list(range(len(categories))),
        early_stopping=False,
        random_state=SEED,
    )
    means = TargetEncoder(cv=KFold(5, shuffle=True, random_state=SEED))
    preparation = ColumnTransformer(
        [
            ("categories", encoder, categories),
            ("numbers", "passthrough", numbers),
            ("many", means, many),
        ]
    )
    return make_pipeline(preparation, model).fit(table, target)


def evaluate(target: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the metrics."""
    predicted = scores > 0.5
    return {
        "roc_auc": m.roc_auc_score(target, scores),
        "average_precision": m.average_precision_score(target, scores),
        "log_loss": m.log_loss(target, scores),
        "brier": m.brier_score_loss(target, scores),
        "accuracy": m.accuracy_score(target, predicted),
        "precision": m.precision_score(target, predicted, zero_division=0),
        "recall": m.recall_score(target, predicted, zero_division=0),
        "f1": m.f1_score(target, predicted, zero_division=0),
    }


def intervals(target: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the ends of each metric's bootstrap interval."""
    generator = np.random.default_rng(SEED)
    measured = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, len(target), len(target))
        measured.append(evaluate(target[drawn], scores[drawn]))
    table = pd.DataFrame(measured)
    return {
        f"interval.{name}.{end}": float(table[name].quantile(share))
        for name in table
        for end, share in (("low", 0.025), ("high", 0.975))
    }


def draw_curves(target: np.ndarray, scores: np.ndarray, folder: Path) -> None:
    """Draw the curves, and write their points."""
    false_positive, true_positive, _ = m.roc_curve(target, scores)
    precision, recall, _ = m.precision_recall_curve(target, scores)
    observed, predicted = calibration_curve(target, scores, n_bins=10, strategy="quantile")
    curves = {
        "roc": (false_positive, true_positive),
        "precision_recall": (recall, precision),
        "calibration": (predicted, observed),
    }
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for ax, (name, (x, y)) in zip(axes, curves.items(), strict=True):
        keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), 200)).astype(int))
        points = pd.DataFrame({"x": x[keep], "y": y[keep]})
        points.to_csv(folder / f"{name}.csv", index=False)
        ax.plot(points["x"], points["y"])
        ax.set(title=name)
    figure.savefig(folder / "curves.png", dpi=100)
    plt.close(figure)


def draw_confusion(target: np.ndarray, scores: np.ndarray, folder: Path) -> None:
    """Draw the confusion matrix, and write its pairs."""
    pairs = pd.DataFrame({"actual": target, "predicted": (scores > 0.5).astype(int)})
    pairs.to_csv(folder / "confusion.csv", index=False)
    figure, ax = plt.subplots(figsize=(4.5, 3.8), layout="constrained")
    m.ConfusionMatrixDisplay.from_predictions(
        pairs["actual"], pairs["predicted"], ax=ax, colorbar=False, cmap="Blues"
    )
    figure.savefig(folder / "confusion.png", dpi=100)
    plt.close(figure)


def explain(model: Pipeline, test: pd.DataFrame, folder: Path) -> None:
    """Shuffle each raw column in turn."""
    drawn = test.sample(IMPORTANCE_ROWS, random_state=SEED)
    whole = Pipeline([("features", FunctionTransformer(features)), *model.steps])
    found = permutation_importance(
        whole, inputs(drawn), drawn[TARGET],
        scoring="roc_auc", n_repeats=REPEATS, random_state=SEED,
    )  # fmt: skip
    table = pd.DataFrame(
        {"column": inputs(drawn).columns, "loss": found.importances_mean}
    ).sort_values("loss", ascending=False)
    table.to_csv(folder / "importance.csv", index=False)
    figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    ax.barh(table["column"], table["loss"])
    figure.savefig(folder / "importance.png", dpi=100)
    plt.close(figure)


class Flights(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped
    """The model as MLflow serves it: from raw columns."""

    def load_context(self, context: Any) -> None:
        """Read the estimator, whose file this script wrote."""
        self.model = skops.io.load(context.artifacts["estimator"], trusted=TRUSTED)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Return predictions and their scores."""
        scores = self.model.predict_proba(features(model_input))[:, 1]
        return pd.DataFrame({"prediction": (scores > 0.5).astype(int), "score": scores})


def track(
    measured: dict[str, float],
    sample: Path,
    folder: Path,
    examples: pd.DataFrame,
    *,
    register: bool,
) -> None:
    """Log the run; register the model, and make it champion."""
    reports = [path for path in folder.iterdir() if path.suffix in (".png", ".csv", ".json")]
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.create_experiment(NAME, artifact_location=(folder / "mlartifacts").as_uri())
    mlflow.set_experiment(NAME)
    with mlflow.start_run():
        settings = {"since": SINCE, "until": UNTIL, "test_share": TEST_SHARE, "seed": SEED}
        mlflow.log_params({**PARAMETERS, **settings, "resamples": RESAMPLES, "repeats": REPEATS})
        mlflow.log_metrics(measured)
        mlflow.set_tag("sha256.data", hashlib.sha256(sample.read_bytes()).hexdigest())
        for report in reports:
            mlflow.log_artifact(str(report), "reports")
        if not register:
            return
        answers = pd.DataFrame({"prediction": [0, 1], "score": [0.1, 0.9]})
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=Flights(),
            artifacts={
                "estimator": str(folder / "model.skops"),
                "reference": str(folder / "predictions.parquet"),
            },
            signature=infer_signature(examples.head(), answers),
            pip_requirements=["scikit-learn", "skops", "pandas", "numpy"],
            registered_model_name=NAME,
        )
    client = mlflow.MlflowClient()
    for alias in ("challenger", "champion"):
        client.set_registered_model_alias(NAME, alias, info.registered_model_version)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]).resolve())
