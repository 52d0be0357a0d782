"""The default monitor: data quality, drift and performance, by numpy, scipy and pandas alone.

A column drifts only if its change is both certain (a p-value, corrected for the number of tests)
and large (an effect above a floor): p-values alone flag any change in a large window, effects
alone flag noise in a small one.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from mlops_plugins.files import digest, read_json, write_json, write_text
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.schema import Column, Schema, parse
from mlops_plugins.stages import Finding, Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import pandas as pd

    from mlops_plugins.stages import Context, Status, Task

FORMAT_VERSION: Final = 1
"""The version of `report.json`; raised when a key changes its meaning or goes away."""

MOST_ROWS: Final = 20_000
"""Numeric tests and the bootstrap use a fixed sample of this size from larger tables.

At this size an effect is known to a hundredth of a standard deviation: far finer than the floor.
"""

MOST_CATEGORIES: Final = 50
BINS: Final = 10
BARS: Final = 20
RESAMPLES: Final = 200
NUMERIC: Final = ("integer", "number")

_COUNTS: Final = {
    "nulls": "missing",
    "out_of_range": "out of range",
    "unseen": "of unknown categories",
    "unreadable": "unreadable",
}

PREDICTIONS: Final[dict[str, Column]] = {
    "score": Column(type="number"),
    "prediction": Column(type="category"),
}
"""What a monitor's tables hold beside the raw columns."""


@hookimpl
def mlops_implementations() -> Iterator[Implementation]:
    """Offer the monitor."""
    yield Implementation(
        stage=Stage.MONITOR,
        name="drift",
        target="mlops_plugins.plugins.drift:DriftMonitor",
        summary="Data quality, drift and performance, with few false alarms",
        extra="mlops-plugins[drift]",
        libraries=("scipy",),
    )


class DriftMonitor(Options):
    """Compares the rows that a model saw lately with the rows it was judged on."""

    min_rows: int = Field(200, ge=2, description="Rows below which nothing is decided.")
    alpha: float = Field(
        0.01,
        gt=0,
        lt=1,
        description="The false alarms to accept: the share of windows without any change in which "
        "some column still seems to drift.",
    )
    min_effect_numeric: float = Field(
        0.1,
        gt=0,
        description="The least shift of a number that matters, in the reference's standard "
        "deviations (Wasserstein distance); 0.1 is half of what is called a small effect.",
    )
    min_effect_categorical: float = Field(
        0.1,
        gt=0,
        le=1,
        description="The least change of any one category's share that matters.",
    )
    min_drifted_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="The share of columns that must drift for the status drift (one in 20; any "
        "one of fewer). A drift of the prediction always suffices.",
    )
    max_bad_share: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="The share of a column's values that may break the schema before an alarm.",
    )
    min_labels: int = Field(200, ge=2, description="Labelled rows below which performance waits.")
    max_drop: float = Field(
        0.02, ge=0, description="The loss of the primary metric that is acceptable."
    )
    ignore: list[str] = Field(
        default_factory=list,
        description="Columns that move by nature (month, week) and are not tested for drift.",
    )

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json` and `report.html` into `output`, and return the status."""
        manifest = read_json(model / "manifest.json")
        schema = model_schema(manifest, context)
        before, after = Table.open(reference), Table.open(current)
        enough = min(before.rows, after.rows) >= self.min_rows
        report = head(context, "drift", self, reference=reference, current=after, model=model)
        report["data_quality"] = self._quality(after, schema, enough=enough)
        report["drift"] = self.compare(
            before, after, compared(context, schema, self.ignore), seed=context.seed, enough=enough
        )
        report["performance"] = self._performance(
            before, after, context, manifest.get("classes"), enough=enough
        )
        status, reasons = self._judge(report, min(before.rows, after.rows), enough=enough)
        report |= {"status": status, "reasons": list(reasons)}
        report = _rounded(report)
        write_json(output / "report.json", report)
        write_text(output / "report.html", page(report, context.project))
        return Finding(status=status, reasons=reasons)

    def _judge(
        self, report: dict[str, Any], rows: int, *, enough: bool
    ) -> tuple[Status, tuple[str, ...]]:
        sections = [report[name] for name in ("data_quality", "performance", "drift")]
        reasons = tuple(reason for section in sections for reason in section["reasons"])
        found = {section["status"] for section in sections}
        if not enough:
            return "insufficient_data", (
                f"{rows:,} rows are too few to decide anything: min_rows is {self.min_rows:,}",
            )
        if "alarm" in found:
            return "alarm", reasons
        if "drift" in found:
            return "drift", reasons
        return "ok", (*reasons, f"nothing to act on in {report['drift']['n_columns']} columns")

    def _quality(self, current: Table, schema: Schema, *, enough: bool) -> dict[str, Any]:
        wanted = {name: schema.columns[name] for name in schema.inputs} | PREDICTIONS
        columns = {name: _bad_values(current.read(name), wanted[name]) for name in wanted}
        reasons = []
        for name, found in columns.items():
            broken = found["bad_share"] > self.max_bad_share
            found |= {
                "n_current": current.rows,
                "method": "share of values that break the schema",
                "threshold": self.max_bad_share,
                "decision": _decision("alarm" if broken else "ok", enough=enough),
            }
            if broken and enough:
                reasons.append(_bad_reason(name, found))
        status = _decision("alarm" if reasons else "ok", enough=enough)
        return {"status": status, "reasons": reasons, "columns": columns}

    def compare(
        self, before: Table, after: Table, kinds: dict[str, str], *, seed: int, enough: bool = True
    ) -> dict[str, Any]:
        """Return the report's section `drift` on columns of these types.

        Source of the correction for many tests: Benjamini and Hochberg, Controlling the False
        Discovery Rate, 1995.
        """
        columns = [self._column(name, kinds[name], before, after, seed) for name in kinds]
        self._decide([test for column in columns for test in column["tests"]], enough=enough)
        for column in columns:
            column["decision"] = _column_decision(column["tests"])
            column["strength"] = max(
                (test["effect"] / test["threshold"] for test in column["tests"]), default=0.0
            )
        columns.sort(key=lambda column: (-column["strength"], column["name"]))
        return self._drift_status(columns, enough=enough)

    def _drift_status(self, columns: list[dict[str, Any]], *, enough: bool) -> dict[str, Any]:
        tested = [column for column in columns if column["role"] == "input" and column["tests"]]
        moved = [column for column in columns if column["decision"] == "drift"]
        inputs = [column["name"] for column in moved if column["role"] == "input"]
        share = len(inputs) / len(tested) if tested else 0.0
        prediction = len(moved) > len(inputs)
        drifts = prediction or share >= self.min_drifted_share
        return {
            "status": _decision("drift" if drifts else "ok", enough=enough),
            "reasons": _drift_reasons(moved, len(tested)),
            "n_columns": len(tested),
            "n_drifted": len(inputs),
            "share": share,
            "threshold": self.min_drifted_share,
            "prediction": _decision("drift" if prediction else "ok", enough=enough),
            "columns": columns,
        }

    def _column(
        self, name: str, kind: str, before: Table, after: Table, seed: int
    ) -> dict[str, Any]:
        column: dict[str, Any] = {
            "name": name,
            "role": "prediction" if name in PREDICTIONS else "input",
            "type": kind,
            "tests": [],
        }
        old, new = before.read(name), after.read(name)
        if old is None or new is None:
            return column
        compare = self._numeric if kind in NUMERIC else self._categorical
        return column | compare(old, new, kind, seed)

    def _numeric(
        self, old: pd.Series[Any], new: pd.Series[Any], kind: str, seed: int
    ) -> dict[str, Any]:
        before, after = floats(old), floats(new)
        missing = _missing(len(before), len(after), _absent(before), _absent(after))
        reference, current = _finite(before, seed), _finite(after, seed)
        tests = [(numeric_drift(reference, current), self.min_effect_numeric)]
        tests += [(missing, self.min_effect_categorical)] if missing else []
        return {
            "tests": [vars(test) | {"threshold": floor} for test, floor in tests],
            "psi": _numeric_psi(reference, current, self.alpha),
            "distribution": _histogram(reference, current),
        }

    def _categorical(
        self, old: pd.Series[Any], new: pd.Series[Any], kind: str, seed: int
    ) -> dict[str, Any]:
        reference, current = labels(old, kind), labels(new, kind)
        counts = _pooled(reference.value_counts(), current.value_counts())
        missing = _missing(
            len(old), len(new), int(reference.isna().sum()), int(current.isna().sum())
        )
        tests = [categorical_drift(counts), *([missing] if missing else [])]
        return {
            "tests": [vars(test) | {"threshold": self.min_effect_categorical} for test in tests],
            "psi": _psi(counts["reference"], counts["current"], self.alpha),
            "distribution": _bars(counts),
        }

    def _decide(self, tests: list[dict[str, Any]], *, enough: bool) -> None:
        from scipy import stats

        adjusted = stats.false_discovery_control([test["p"] for test in tests]) if tests else []
        for test, p in zip(tests, adjusted, strict=True):
            drifts = bool(p < self.alpha and test["effect"] >= test["threshold"])
            test |= {
                "p_adjusted": float(p),
                "alpha": self.alpha,
                "decision": _decision("drift" if drifts else "ok", enough=enough),
            }

    def _performance(
        self,
        before: Table,
        after: Table,
        context: Context,
        classes: Sequence[Any] | None,
        *,
        enough: bool,
    ) -> dict[str, Any]:
        old, new = (_labelled(table, context, classes) for table in (before, after))
        found: dict[str, Any] = {
            "metric": PRIMARY[context.data.task],
            "n_reference": len(old[0]),
            "n_current": len(new[0]),
            "coverage": len(new[0]) / after.rows if after.rows else 0.0,
            "method": f"bootstrap, {RESAMPLES} resamples, 95% interval",
            "threshold": self.max_drop,
            "reasons": [],
        }
        if len(new[0]) >= self.min_labels:
            found |= _performances(old, new, context)
        found["status"] = self._performance_status(found, enough=enough)
        found["decision"] = found["status"]
        if found["status"] == "alarm":
            found["reasons"] = [_lost_reason(found)]
        return found

    def _performance_status(self, found: dict[str, Any], *, enough: bool) -> str:
        import math

        if not all(math.isfinite(found.get(key, math.nan)) for key in ("reference", "high")):
            return "insufficient_data" if not enough else "insufficient_labels"
        lost = found["high"] < found["reference"] - self.max_drop
        return _decision("alarm" if lost else "ok", enough=enough)


@dataclass(frozen=True)
class Table:
    """A Parquet file that is read a column at a time: a window may be larger than memory."""

    path: Path
    names: frozenset[str]
    rows: int

    @classmethod
    def open(cls, path: Path) -> Table:
        """Look at a file's columns and length only."""
        import pyarrow.dataset

        whole = pyarrow.dataset.dataset(path)
        return cls(path, frozenset(whole.schema.names), whole.count_rows())

    def read(self, name: str) -> pd.Series[Any] | None:
        """Return a column, or None if there is none of that name."""
        import pandas as pd

        if name not in self.names:
            return None
        return pd.read_parquet(self.path, columns=[name])[name].reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change between two samples: how large, and how likely by chance alone."""

    of: Literal["values", "missing values"]
    method: str
    effect: float
    p: float
    n_reference: int
    n_current: int


def model_schema(manifest: dict[str, Any], context: Context) -> Schema:
    """Return the schema that the model was trained with."""
    data = context.data
    where = "the model's manifest.json"
    return parse(manifest["schema"], target=data.target, id=data.id, where=where)


def compared(context: Context, schema: Schema, ignore: Iterable[str] = ()) -> dict[str, str]:
    """Return the types of the columns to compare: the inputs that do not move with time, the score.

    The score says most about a classifier's inputs. Of more than two classes it is only the
    certainty, so there the predicted class is compared too.
    """
    left_out = {context.data.time, *ignore}
    kinds: dict[str, str] = {
        name: schema.columns[name].type
        for name in schema.inputs
        if name not in left_out and schema.columns[name].type != "datetime"
    }
    kinds["score"] = "number"
    if context.data.task == "multiclass":
        kinds["prediction"] = "category"
    return kinds


def head(
    context: Context,
    monitor: str,
    options: Options,
    *,
    reference: Path,
    current: Table,
    model: Path,
) -> dict[str, Any]:
    """Return what every monitor's `report.json` begins with: who compared what."""
    return {
        "format_version": FORMAT_VERSION,
        "monitor": {"name": monitor, "options": options.model_dump(mode="json")},
        "model": {"sha256": digest(model)},
        "reference": {"rows": Table.open(reference).rows, "sha256": digest(reference)},
        "window": {"rows": current.rows, **_span(current, context.data.time)},
    }


def _span(table: Table, time: str | None) -> dict[str, str]:
    import pandas as pd

    values = table.read(time) if time else None
    if values is None:
        return {}
    times = pd.to_datetime(values, errors="coerce").dropna()
    return {} if times.empty else {"from": times.min().isoformat(), "to": times.max().isoformat()}


def _decision(decision: str, *, enough: bool) -> str:
    return decision if enough else "insufficient_data"


def _column_decision(tests: list[dict[str, Any]]) -> str:
    decisions = {test["decision"] for test in tests}
    if not decisions:
        return "not_compared"
    return next(word for word in ("insufficient_data", "drift", "ok") if word in decisions)


def floats(series: pd.Series[Any]) -> np.ndarray:
    """Return a column as floats; what is no number becomes NaN."""
    import numpy as np
    import pandas as pd

    numeric = pd.to_numeric(series, errors="coerce")
    return np.asarray(numeric.to_numpy(dtype="float64", na_value=np.nan))


def labels(series: pd.Series[Any], kind: str) -> pd.Series[Any]:
    """Return a column's values as text, equal if they mean the same: 1 and 1.0, true and 1.

    A log has been through JSON and Parquet, so its dtypes need not be those of the reference.
    """
    import numpy as np
    import pandas as pd

    codes, values = pd.factorize(series)
    names = np.array([*(label(value, kind) for value in values), None], dtype=object)
    return pd.Series(names[codes], dtype=object)


def label(value: object, kind: str) -> str:
    """Return one value as text."""
    text = str(value).removesuffix(".0") if isinstance(value, Real) else str(value)
    return {"1": "true", "0": "false"}.get(text, text.lower()) if kind == "boolean" else text


def _finite(values: np.ndarray, seed: int) -> np.ndarray:
    import numpy as np

    finite: np.ndarray = values[np.isfinite(values)]
    if len(finite) <= MOST_ROWS:
        return finite
    draw = np.random.default_rng(seed)
    sample: np.ndarray = draw.choice(finite, MOST_ROWS, replace=False, shuffle=False)
    return sample


def _absent(values: np.ndarray) -> int:
    import numpy as np

    return int((~np.isfinite(values)).sum())


def _bad_values(series: pd.Series[Any] | None, column: Column) -> dict[str, Any]:
    """Count what breaks the schema; an infinity is outside any range."""
    import numpy as np

    if series is None:
        return {"missing_column": True, "bad_share": 1.0}
    rows, nulls = len(series), int(series.isna().sum())
    found: dict[str, Any] = {"missing_column": False, "nulls": nulls, "nullable": column.nullable}
    if column.type in NUMERIC:
        values = floats(series)
        low = -np.inf if column.min is None else column.min
        high = np.inf if column.max is None else column.max
        outside = (values < low) | (values > high) | np.isinf(values)
        found["unreadable"] = int(np.isnan(values).sum()) - nulls
        found |= {"out_of_range": int(outside.sum()), "min": column.min, "max": column.max}
    elif column.values is not None or column.type == "boolean":
        found |= _unseen(labels(series, column.type), column)
    kinds = ("unreadable", "out_of_range", "unseen", *(() if column.nullable else ("nulls",)))
    found |= {f"{key}_share": found[key] / rows if rows else 0.0 for key in _COUNTS if key in found}
    found["bad_share"] = sum(found.get(f"{key}_share", 0.0) for key in kinds)
    return found


def _unseen(values: pd.Series[Any], column: Column) -> dict[str, Any]:
    allowed = (True, False) if column.type == "boolean" else column.values or ()
    known = [label(value, column.type) for value in allowed]
    unseen = values[~values.isin(known) & values.notna()].value_counts()
    return {"unseen": int(unseen.sum()), "unseen_examples": sorted(unseen.index[:5])}


def numeric_drift(reference: np.ndarray, current: np.ndarray) -> Change:
    """Compare two samples of finite numbers.

    The effect is the Wasserstein distance in the reference's standard deviations or, where the
    reference is constant, the share of other values. The p-value is Kolmogorov and Smirnov's.
    """
    from scipy import stats

    effect, p, method = 0.0, 1.0, "Kolmogorov-Smirnov; Wasserstein distance / standard deviation"
    if len(reference) and len(current):
        p = float(stats.ks_2samp(reference, current, method="asymp").pvalue)
        effect = _distance(reference, current)
    return _change("values", method, effect, p, len(reference), len(current))


def _distance(reference: np.ndarray, current: np.ndarray) -> float:
    import numpy as np
    from scipy import stats

    low, high = reference.min(), reference.max()
    # Halves, and a clip far beyond what matters, keep the largest floats from overflowing.
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    if half == 0:
        return float(np.mean((current < low) | (current > high)))
    with np.errstate(over="ignore", divide="ignore"):
        old, new = (np.clip((x - middle) / half, -1e6, 1e6) for x in (reference, current))
    return float(stats.wasserstein_distance(old, new) / old.std())


def categorical_drift(counts: pd.DataFrame) -> Change:
    """Compare two columns of category counts by chi-square and the largest change of a share."""
    old, new = counts["reference"].to_numpy(), counts["current"].to_numpy()
    return _frequencies("values", old, new)


def _missing(rows: int, rows_now: int, nulls: int, nulls_now: int) -> Change | None:
    import numpy as np

    if not nulls + nulls_now:
        return None
    counts = np.array([nulls, rows - nulls]), np.array([nulls_now, rows_now - nulls_now])
    return _frequencies("missing values", *counts)


def _frequencies(
    of: Literal["values", "missing values"], old: np.ndarray, new: np.ndarray
) -> Change:
    import numpy as np
    from scipy import stats

    n, m, effect, p = int(old.sum()), int(new.sum()), 0.0, 1.0
    if n and m:
        effect = float(np.abs(old / n - new / m).max())
        table = np.array([old, new])[:, old + new > 0]
        p = float(stats.chi2_contingency(table, correction=False).pvalue)
    return _change(of, "chi-square; largest change of a share", effect, p, n, m)


def _change(
    of: Literal["values", "missing values"], method: str, effect: float, p: float, n: int, m: int
) -> Change:
    return Change(of=of, method=method, effect=effect, p=p, n_reference=n, n_current=m)


def _pooled(old: pd.Series[Any], new: pd.Series[Any]) -> pd.DataFrame:
    """Put the counts side by side, most frequent first, and rare categories together.

    Chi-square is not to be trusted where fewer than five of a category are expected.
    """
    import pandas as pd

    counts = pd.DataFrame({"reference": old, "current": new}).fillna(0)
    counts["both"] = counts.sum(axis=1)
    counts["name"] = counts.index.astype(str)
    counts = counts.sort_values(["both", "name"], ascending=[False, True])
    smaller = min(counts["reference"].sum(), counts["current"].sum())
    expected = counts["both"] * smaller / max(counts["both"].sum(), 1)
    kept = min(int((expected >= 5).sum()), MOST_CATEGORIES)
    common, rare = counts.iloc[:kept], counts.iloc[kept:]
    if len(rare):
        rest = rare[["reference", "current"]].sum()
        common = pd.concat([common, rest.to_frame(f"{len(rare):,} rare").T])
    return common[["reference", "current"]].astype("float64")


def _numeric_psi(reference: np.ndarray, current: np.ndarray, alpha: float) -> dict[str, float]:
    import numpy as np

    if not len(reference):
        return _psi(np.zeros(1), np.zeros(1), alpha)
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    old, new = (
        np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
        for values in (reference, current)
    )
    return _psi(old, new, alpha)


def _psi(old: Any, new: Any, alpha: float) -> dict[str, float]:
    """Return the population stability index, and the value that chance alone seldom exceeds.

    Source: Yurdakul, Statistical Properties of Population Stability Index, 2018.
    """
    import numpy as np
    from scipy import stats

    old, new = np.asarray(old, dtype="float64"), np.asarray(new, dtype="float64")
    n, m, bins = old.sum(), new.sum(), int((old + new > 0).sum())
    if not n or not m or bins < 2:
        return {"value": 0.0, "critical": 0.0}
    # Half a count everywhere keeps an empty bin from making the index infinite.
    p, q = (old + 0.5) / (n + 0.5 * len(old)), (new + 0.5) / (m + 0.5 * len(new))
    critical = (1 / n + 1 / m) * stats.chi2.ppf(1 - alpha, bins - 1)
    return {"value": float(np.sum((q - p) * np.log(q / p))), "critical": float(critical)}


def _histogram(reference: np.ndarray, current: np.ndarray) -> dict[str, Any]:
    """Return shares in equal bins; the outermost values of a hundred go to the outermost bins."""
    import numpy as np

    ends = [np.quantile(x, [0.005, 0.995], method="lower") for x in (reference, current) if len(x)]
    low, high = (float(np.min(ends)), float(np.max(ends))) if ends else (0.0, 0.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    found: dict[str, Any] = {"low": low, "high": high, "reference": [], "current": []}
    if not 0 < high - low < np.inf:
        return found
    for name, values in (("reference", reference), ("current", current)):
        places = (np.clip(values, low, high) - low) / (high - low) * BARS
        counts = np.bincount(np.minimum(places.astype("int64"), BARS - 1), minlength=BARS)
        found[name] = (counts / max(len(values), 1)).tolist()
    return found


def _bars(counts: pd.DataFrame) -> dict[str, Any]:
    """Return the shares of the categories whose shares changed most."""
    shares = counts / counts.sum().clip(lower=1)
    order = (
        (shares["reference"] - shares["current"]).abs().sort_values(ascending=False, kind="stable")
    )
    shares = shares.loc[order.index[:6]]
    return {
        "names": [str(name) for name in shares.index],
        "reference": shares["reference"].tolist(),
        "current": shares["current"].tolist(),
    }


PRIMARY: Final[dict[Task, str]] = {
    "binary": "roc_auc",
    "multiclass": "balanced_accuracy",
    "regression": "r2",
}


def primary_metric(task: Task, target: np.ndarray, predicted: np.ndarray) -> float:
    """Return the metric by which models of this task are judged, NaN where it is not defined.

    Args:
        task: What is predicted.
        target: True for the positive class, the class, or the value.
        predicted: The positive class's probability, the class, or the value.
    """
    import numpy as np
    from scipy import stats

    if task == "binary":
        ones, zeros = int(target.sum()), int((~target).sum())
        above = stats.rankdata(predicted)[target].sum() - ones * (ones + 1) / 2
        return float(above / (ones * zeros)) if ones and zeros else float("nan")
    if task == "multiclass":
        hits = [np.mean(predicted[target == one] == one) for one in np.unique(target)]
        return float(np.mean(hits)) if hits else float("nan")
    spread = float(np.sum((target - target.mean()) ** 2)) if len(target) else 0.0
    return 1 - float(np.sum((target - predicted) ** 2)) / spread if spread else float("nan")


def _labelled(
    table: Table, context: Context, classes: Sequence[Any] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions of the rows that have both."""
    import numpy as np

    task = context.data.task
    target = table.read(context.data.target)
    predicted = table.read("prediction" if task == "multiclass" else "score")
    if target is None or predicted is None:
        return np.empty(0), np.empty(0)
    if task == "multiclass":
        truth, guess = _codes(target, classes), _codes(predicted, classes)
    else:
        truth = floats(target) if task == "regression" else _codes(target, classes)
        guess = floats(predicted)
    known = np.isfinite(truth) & np.isfinite(guess)
    last = len(classes or ()) - 1
    return (truth[known] == last if task == "binary" else truth[known]), guess[known]


def _codes(series: pd.Series[Any], classes: Sequence[Any] | None) -> np.ndarray:
    """Return each class's place in `classes`, NaN where it is missing; -1 for a new class."""
    kind = "boolean" if set(classes or ()) <= {True, False} else "category"
    places = {label(one, kind): float(place) for place, one in enumerate(classes or ())}
    names = labels(series, kind)
    return floats(names.map(places).fillna(-1.0).where(names.notna()))


def _performances(
    old: tuple[np.ndarray, np.ndarray], new: tuple[np.ndarray, np.ndarray], context: Context
) -> dict[str, Any]:
    import numpy as np

    task, draw = context.data.task, np.random.default_rng(context.seed)
    sampled = draw.permutation(len(new[0]))[:MOST_ROWS]
    target, predicted = new[0][sampled], new[1][sampled]
    values = []
    for _ in range(RESAMPLES):
        chosen = draw.integers(len(target), size=len(target))
        values.append(primary_metric(task, target[chosen], predicted[chosen]))
    defined = [value for value in values if np.isfinite(value)] or [np.nan]
    low, high = np.quantile(defined, [0.025, 0.975])
    return {
        "reference": primary_metric(task, *old),
        "current": primary_metric(task, *new),
        "low": float(low),
        "high": float(high),
    }


def _bad_reason(name: str, found: dict[str, Any]) -> str:
    if found["missing_column"]:
        return f"the column '{name}' is missing"
    counted = [
        f"{found[key]:,} {word}"
        for key, word in _COUNTS.items()
        if found.get(key) and not (key == "nulls" and found["nullable"])
    ]
    return f"{found['bad_share']:.1%} of '{name}' break the schema: {', '.join(counted)}"


def _drift_reasons(moved: list[dict[str, Any]], tested: int) -> list[str]:
    names = [f"'{column['name']}'" for column in moved if column["role"] == "input"]
    reasons = [
        f"the model's {column['name']} drifted: its effect is {column['strength']:.1f} times "
        "what is tolerated"
        for column in moved
        if column["role"] == "prediction"
    ]
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        reasons.append(f"{len(names)} of {tested} columns drifted: {', '.join(names[:5])}{more}")
    return reasons


def _lost_reason(found: dict[str, Any]) -> str:
    return (
        f"{found['metric']} fell from {found['reference']:.3f} to {found['current']:.3f} "
        f"(95% interval {found['low']:.3f} to {found['high']:.3f}, "
        f"{found['n_current']:,} labelled rows)"
    )


def _rounded(value: Any) -> Any:
    """Keep six digits: more would differ between processors."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def page(report: dict[str, Any], project: str) -> str:
    """Return the report as one HTML page that needs no other file."""
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("drift.html.j2").render(report=report, project=project)
