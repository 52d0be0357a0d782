"""How good a classifier is, what it looks at, and whether that is good enough."""

from __future__ import annotations

import tempfile
from pathlib import Path as RealPath
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, ConfigurationError, DataError, Field
from mlops_plugins.api.contracts.explain import Contribution, RowExplanation
from mlops_plugins.toolkit import conform, files, open_model, scoring, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins import Context
    from mlops_plugins.api.contracts.register import Champion

POINTS = 200


class Scorecard(Component):
    """Measures a model of two classes row by row, so that an interval is a mean's."""

    bins: int = Field(10, ge=2, description="Points of the calibration plot.")

    def evaluate(
        self, context: Context, *, model: Path, splits: Path, metrics: Path, output: Path
    ) -> None:
        """Write the metrics, the predictions, and the curves that `dvc.yaml` plots."""
        import numpy as np

        opened = open_model(model)
        if opened.task != "binary" or opened.classes is None:
            raise ConfigurationError(
                f"The scorecard is about two classes, and the task is {opened.task}.",
                where="conf/config.yaml: data.task",
                next_step="choose another evaluation: `evaluate: metrics`",
            )
        rows = _judging_rows(context, splits)
        learnt = tables.read_frame(splits / "train.parquet")[context.data.target]
        truth = scoring.positions(rows[context.data.target], opened.classes)
        scores = opened.scores(rows)
        usual = np.full(len(truth), scoring.positions(learnt, opened.classes).mean())
        summary = _summary(truth, scores[:, 1], usual)
        files.write_json(metrics, {name: row["value"] for name, row in summary.items()})
        files.write_json(output / "summary.json", summary)
        predicted = opened.predictions(scores, rows.index)
        tables.write_frame(rows.join(predicted), output / "predictions.parquet")
        names = np.array(opened.classes)
        plotted = {
            "confusion": {"actual": names[truth], "predicted": names[scores.argmax(axis=1)]},
            # One point each: it fits nothing again, and looks at no groups.
            "learning_curve": {
                "training rows": [len(learnt)],
                "value": [summary["roc_auc"]["value"]],
                "on its own rows": [None],
            },
            "slices": {"slice": ["all rows"], "value": [summary["roc_auc"]["value"]]},
            **self._curves(truth, scores[:, 1]),
        }
        for name, columns in plotted.items():
            _write_csv(output / f"{name}.csv", columns)

    def _curves(self, truth: np.ndarray, chance: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
        """Return the columns of each curve, by the labels that `dvc.yaml` gives its axes."""
        import numpy as np

        order = np.argsort(-chance, kind="stable")
        found = np.cumsum(truth[order])
        asked = np.arange(1, len(truth) + 1)
        shown = np.unique(np.linspace(0, len(truth) - 1, POINTS).astype(int))
        recall = (found / found[-1])[shown]
        false = ((asked - found) / (len(truth) - found[-1]))[shown]
        parts = np.array_split(order[::-1], self.bins)
        return {
            "roc": {"false positive rate": false, "true positive rate": recall},
            "precision_recall": {"recall": recall, "precision": (found / asked)[shown]},
            "calibration": {
                "predicted probability": np.array([chance[part].mean() for part in parts]),
                "observed share": np.array([truth[part].mean() for part in parts]),
            },
        }


def _judging_rows(context: Context, splits: Path) -> pd.DataFrame:
    rows, target = tables.read_frame(splits / "test.parquet"), context.data.target
    if target not in rows or rows.empty:
        raise DataError(
            f"No row judges '{target}'.",
            where="data/splits/test.parquet",
            expected=f"rows, and the column {target}",
            next_step="dvc repro split",
        )
    return rows


def _summary(
    truth: np.ndarray, chance: np.ndarray, usual: np.ndarray
) -> dict[str, dict[str, float]]:
    """Return each metric's value, its 95 % interval, and what the usual answer would get."""
    import numpy as np

    summary = {"roc_auc": _ranking(truth, chance)}
    losses: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "accuracy": lambda p: (p > 0.5) == truth,
        "brier": lambda p: (p - truth) ** 2,
        "log_loss": lambda p: -np.log(np.clip(np.where(truth == 1, p, 1 - p), 1e-15, 1)),
    }
    for name, loss in losses.items():
        each = loss(chance)
        value, error = float(each.mean()), float(each.std() / len(each) ** 0.5)
        trivial = float(loss(usual).mean())
        summary[name] = _around(value, error, trivial)
    return summary


def _around(value: float, error: float, baseline: float) -> dict[str, float]:
    low, high = value - 1.96 * error, value + 1.96 * error
    return {"value": value, "low": low, "high": high, "baseline": baseline}


def _ranking(truth: np.ndarray, chance: np.ndarray) -> dict[str, float]:
    """Return how often a row of the second class is ranked above one of the first.

    Its error is that of Hanley and McNeil, Radiology 143, 1982.
    """
    import pandas as pd

    ranks = pd.Series(chance).rank().to_numpy()
    yes = int(truth.sum())
    no = len(truth) - yes
    if yes * no == 0:
        return _around(float("nan"), 0.0, 0.5)
    area = float((ranks[truth == 1].sum() - yes * (yes + 1) / 2) / (yes * no))
    one, other = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (yes - 1) * (one - area**2) + (no - 1) * (other - area**2)
    return _around(area, (spread / (yes * no)) ** 0.5, 0.5)


def _write_csv(path: Path, columns: dict[str, Any]) -> None:
    import pandas as pd

    files.write_text(path, pd.DataFrame(columns).to_csv(index=False, float_format="%.6f"))


class Correlation(Component):
    """Correlates each raw column with the score; of a category, the mean score of its values."""

    ranks: bool = Field(True, description="Correlate ranks rather than values.")

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write each column's correlation without its sign, the largest first."""
        import pandas as pd

        opened = open_model(model)
        rows = _judging_rows(context, splits)
        score = pd.Series(opened.predict(rows)["score"])
        found = {name: self._strength(rows[name], score) for name in opened.schema.inputs}
        ordered = sorted(found.items(), key=lambda item: -item[1])
        columns = [{"column": name, "importance": round(strength, 6)} for name, strength in ordered]
        files.write_json(output / "importance.json", {"measure": "correlation", "columns": columns})
        table = pd.DataFrame(columns)
        files.write_text(output / "importance.csv", table.to_csv(index=False))
        files.write_text(output / "importance.html", table.to_html(index=False))

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return what each column changes, one after the other, on the way from a judged row."""
        opened = open_model(model)
        way = conform(tables.read_frame(reference).iloc[:1], opened.inputs)
        row = conform(row, opened.inputs)
        output = int(opened.scores(row)[0].argmax()) if context.data.task == "multiclass" else -1
        scores = [float(opened.scores(way).reshape(1, -1)[0, output])]
        for name in way:
            way[name] = row[name].to_numpy()
            scores.append(float(opened.scores(way).reshape(1, -1)[0, output]))
        changes = {
            str(name): now - then for name, then, now in zip(way, scores, scores[1:], strict=False)
        }
        return RowExplanation(
            base=scores[0],
            contributions={
                name: Contribution(value=change, low=change, high=change)
                for name, change in changes.items()
            },
        )

    def _strength(self, column: pd.Series[Any], score: pd.Series[float]) -> float:
        if column.dtype.kind not in "biufM":
            column = score.groupby(column).transform("mean")
        times = column.dtype.kind == "M"
        values = (column.astype("int64") if times else column).astype("float64")
        if self.ranks:
            values, score = values.rank(), score.rank()
        if min(values.std(), score.std()) == 0:
            return 0.0  # what never changes goes with nothing
        return abs(float(values.corr(score)))


class Floor(Component):
    """Promotes a model that is not below one floor, nor below the champion on the same rows."""

    metric: str = Field("accuracy", description="The metric, of which more must be better.")
    least: float = Field(0.6, description="Its least value; a model below it is blocked.")

    def gate(
        self,
        context: Context,
        *,
        model: Path,
        splits: Path,
        metrics: Path,
        evaluation: Path,
        champion: Callable[[], Champion | None],
        output: Path,
    ) -> None:
        """Write the verdict; a metric that could not be computed blocks."""
        measured = files.read_json(metrics)
        if self.metric not in measured:
            raise ConfigurationError(
                f"The gate has a floor for '{self.metric}', which is not measured.",
                where="conf/gate/acme.yaml: metric",
                expected="one of " + ", ".join(measured),
                next_step="correct it there",
            )
        value, digest, current = measured[self.metric], files.digest(model), champion()
        if value is None:
            decision, reason = "block", f"{self.metric} could not be computed"
        elif value < self.least:
            decision, reason = "block", f"{self.metric} {value:.4f} is below {self.least}"
        elif current is not None and current.digest == digest:
            decision, reason = "keep", f"it is the champion already, version {current.version}"
        else:
            decision, reason = self._against(context, current, model, evaluation)
        version = current.version if current else None
        verdict = {"decision": decision, "reasons": [reason], "model": digest, "champion": version}
        verdict["checks"] = [{"name": "floor", "outcome": decision, "reason": reason}]
        files.write_json(output, verdict)
        context.log(f"verdict: {decision}")

    def _against(
        self, context: Context, champion: Champion | None, model: Path, evaluation: Path
    ) -> tuple[str, str]:
        """Compare how many rows each gets right; what cannot be compared is blocked."""
        if champion is None:
            return "promote", "there is no champion yet"
        rows = tables.read_frame(evaluation / "predictions.parquet")
        try:
            with tempfile.TemporaryDirectory() as folder:
                theirs = _right(
                    champion.fetch(RealPath(folder) / "champion") / "model", rows, context
                )
            ours = _right(model, rows, context)
        except Exception as error:  # noqa: BLE001  whatever is wrong, nothing was compared
            return "block", f"the champion could not be compared: {error!r}"
        told = f"{ours:.4f} right, {theirs:.4f} by champion version {champion.version}"
        return ("promote" if ours > theirs else "keep" if ours == theirs else "block"), told


def _right(model: Path, rows: pd.DataFrame, context: Context) -> float:
    predicted = open_model(model).predict(rows)["prediction"]
    return float((predicted == rows[context.data.target]).mean())
