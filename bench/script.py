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

import mlflow
import numpy as np
import pandas as pd
import pandera.pandas as pa
import skops.io
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder, TargetEncoder

from mlops_plugins.api.context import Context, Data
from mlops_plugins.artifacts import pages, schema
from mlops_plugins.artifacts.model_folder import Model
from mlops_plugins.estimators import SklearnPredictor
from mlops_plugins.stages.evaluate import charts, curves
from mlops_plugins.stages.evaluate import measurements as evaluation
from mlops_plugins.stages.evaluate.metrics import Metrics
from mlops_plugins.stages.evaluate.test_set import ScoredTestSet
from mlops_plugins.stages.explain import importance, permutation_importance
from mlops_plugins.stages.profile import summary
from mlops_plugins.stages.profile.sample import Sample

SEED = 42
TARGET, TIME, ID = "late", "scheduled", "flight_id"
SINCE, UNTIL, TEST_SHARE = "2013-01-01", "2013-07-01", 0.2
PARAMETERS = {
    "learning_rate": 0.05,
    "max_iter": 600,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
}
ROUNDS = 20
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

    context, opened = described(rows, model, folder)
    measured = evaluate(context, opened, (train, test))
    (folder / "metrics.json").write_text(json.dumps(measured, indent=2))
    explain(context, opened, test)
    promoted = measured["roc_auc"] - measured["roc_auc.baseline"] >= MIN_GAIN
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
    found = summary.make(Sample(some, len(rows), dict(rows.isna().sum())), data)
    (folder / "profile.html").write_text(
        pages.render("stages/profile/page.html.j2", report=found, project="late")
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
        early_stopping=True,
        n_iter_no_change=ROUNDS,
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
    drawn, held_out = train_test_split(
        np.arange(len(target)), test_size=0.1, random_state=SEED, stratify=target
    )
    kept, held_out = np.sort(drawn), np.sort(held_out)
    values = preparation.fit_transform(table.iloc[kept], target.iloc[kept])
    model.fit(
        values,
        target.iloc[kept],
        X_val=preparation.transform(table.iloc[held_out]),
        y_val=target.iloc[held_out],
    )
    return make_pipeline(preparation, model)


def described(rows: pd.DataFrame, model: Pipeline, folder: Path) -> tuple[Context, Model]:
    """Return the model as the code that measures and explains takes it, which is the same code."""
    data = Data(task="binary", target=TARGET, time=TIME, id=ID)
    options = {**PARAMETERS, "early_stopping": {"rounds": ROUNDS}}
    manifest = {"task": "binary", "classes": [0, 1], "train": "sklearn", "options": options}
    opened = Model(
        manifest=manifest,
        digest="",
        schema=schema.infer(rows, data),
        recipe=features,
        predictor=SklearnPredictor(model),
    )
    context = Context(root=folder, project=NAME, data=data, seed=SEED, threads=1, log=print)
    return context, opened


def evaluate(
    context: Context, opened: Model, parts: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, float]:
    """Measure and draw all that an evaluation does."""
    folder, (train, test) = context.root, parts
    test_set = ScoredTestSet(
        context=context,
        model=opened,
        splits=folder,
        rows=test,
        train=train,
        target=test[TARGET].to_numpy(),
        scores=opened.predictor.scores(features(inputs(test))),
        resamples=RESAMPLES,
    )
    options = Metrics()
    found = evaluation.measure(
        test_set,
        decision=options.decision,
        slicing=options.slicing,
        shares=options.learning_curve,
    )
    for name, table in found.items():
        (folder / f"{name}.json").write_text(json.dumps(table))
    curves.write_all(test_set, found, folder)
    charts.draw_all(test_set, found, folder)
    test.assign(prediction=test_set.scores.argmax(1), score=test_set.scores[:, 1]).to_parquet(
        folder / "predictions.parquet", index=False, compression="zstd"
    )
    return {
        f"{name}.{key}": value
        for name, row in found["summary"].items()
        for key, value in row.items()
    } | {name: row["value"] for name, row in found["summary"].items()}


def explain(context: Context, opened: Model, test: pd.DataFrame) -> None:
    """Shuffle each raw column in turn."""
    drawn = test.sample(IMPORTANCE_ROWS, random_state=SEED).reset_index(drop=True)
    generator = np.random.default_rng(SEED)
    found = permutation_importance.importances(context, opened, drawn, REPEATS, generator)
    importance.write(context, context.root, list(found), measure="loss of roc_auc when shuffled")


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
