"""Signs that a feature knows the answer: copies of the target, identifiers, perfect predictors.

They are looked for in a sample of the rows. A classifier's feature is scored by the AUC (two classes)
or the balanced accuracy (more) of the classes' shares in its bins, a regressor's by the R² of the
means in its bins or of a straight line. Bins are learnt from one half of the rows and tested on the
other, both ways, so that what merely names each row predicts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.api.context import Task
    from mlops_plugins.artifacts.schema import Schema

MIN_ROWS = 30
"""With fewer rows anything may coincide."""

MIN_OF_A_CLASS = 3
"""With fewer rows of the second most frequent class, a yes-or-no feature may coincide with it."""

BINS = 32

MANY_ROWS = 1000
"""Among so many rows, integers or single words that are all distinct are no measurements."""

MIN_WITH_DIGITS = 0.9
"""The share of words with a digit from which words are identifiers: of hashes, not all have one."""

FIRST_YEAR, LAST_YEAR = 1500, 2200
"""Integers that count up within this range are years, and not identifiers."""

Kind = Literal["copy", "predictive", "identifier"]


@dataclass(frozen=True)
class Leak:
    """A column that gives the answer away, or identifies rows.

    Attributes:
        column: The column.
        kind: What it does.
        how: What it does in words.
        score: How well it predicts alone, if that is what it does.
    """

    column: str
    kind: Kind
    how: str
    score: float | None = None


def leaks(
    sample: pd.DataFrame,
    schema: Schema,
    task: Task,
    *,
    max_score: float,
    rows: int,
) -> Iterator[Leak]:
    """Look at each input of a sample of rows.

    Args:
        sample: Typed rows, with the target.
        schema: Which columns are inputs, and of which types.
        task: The task, which says what is measured.
        max_score: The AUC, balanced accuracy or R² that a feature alone may reach.
        rows: How many rows there are in all.
    """
    for name in schema.inputs:
        how = identifier(sample[name], schema.columns[name].type, rows=rows)
        if how:
            yield Leak(name, "identifier", how)
    known = sample[sample[schema.target].notna()]
    target = known[schema.target]
    if len(known) < MIN_ROWS or target.nunique() < 2:
        return
    answers = _answers(target, task)
    for name in schema.inputs:
        how = copy(known[name], answers, task)
        if how:
            yield Leak(name, "copy", how)
            continue
        measure, score = predicts(known[name], answers, task)
        if score > max_score:
            yield Leak(name, "predictive", f"predicts it alone with {measure} {score:.4f}", score)


def _answers(target: pd.Series[Any], task: Task) -> np.ndarray:
    """Return a value for each row, or the number of its class."""
    return (
        target.to_numpy(dtype="float64")
        if task == "regression"
        else pd.factorize(target, sort=True)[0]
    )


# --- copies


def copy(series: pd.Series[Any], answers: np.ndarray, task: Task) -> str:
    """Say how a feature is the target by another name; nothing if it is not."""
    present = series.notna().to_numpy()
    if present.sum() < max(MIN_ROWS, len(series) / 2):
        return ""
    values, target = _codes(series[present]), answers[present]
    if task == "regression" and _is_continuous(target):
        return _monotone(series[present], target)
    codes = np.unique(target, return_inverse=True)[1]
    sizes = np.sort(np.bincount(codes))[::-1]
    if len(sizes) < 2 or sizes[1] < MIN_OF_A_CLASS:
        return ""
    pairs = len(np.unique(values * len(sizes) + codes))
    return "is a one-to-one function of it" if pairs == len(sizes) == values.max() + 1 else ""


def _is_continuous(target: np.ndarray) -> bool:
    """Say whether most values occur once, so that each column would be a function of it."""
    return len(np.unique(target)) > len(target) / 2


def _monotone(series: pd.Series[Any], target: np.ndarray) -> str:

    if not _is_number(series):
        return ""
    values = _floats(series)
    order = np.argsort(target, kind="stable")
    steps, ups = np.sign(np.diff(values[order])), np.sign(np.diff(target[order]))
    if (steps == ups).all() or (steps == -ups).all():
        return "is equal to it" if (values == target).all() else "is a one-to-one function of it"
    return ""


# --- identifiers


def identifier(series: pd.Series[Any], kind: str, *, rows: int) -> str:
    """Say how a column identifies rows instead of measuring something; nothing if it does not."""
    if len(series) < MIN_ROWS or series.isna().any() or not series.is_unique:
        return ""
    if kind == "integer":
        low, high = int(series.min()), int(series.max())
        counts = high - low < 2 * rows and not FIRST_YEAR <= low <= high <= LAST_YEAR
        if counts or len(series) >= MANY_ROWS:
            return "has another integer in each row"
    elif kind in ("category", "text") and series.map(lambda value: isinstance(value, str)).all():
        words = series.astype(str)
        word = ~words.str.contains(r"\s") & ~words.str.fullmatch(DATE)
        digits = words.str.contains(r"[0-9@]")
        if word.all() and (digits.mean() > MIN_WITH_DIGITS or len(series) >= MANY_ROWS):
            return "has another word in each row"
    return ""


DATE = r"(\d{4}|\d{1,2})[-/.]\d{1,2}[-/.](\d{4}|\d{1,2})\S*"
"""A day is distinct in each row of a series, and identifies nothing."""


# --- duplicates


def coincidence(sample: pd.DataFrame) -> float:
    """Return the probability that two different rows are equal, if the columns were independent.

    A table of few columns with few values each has equal rows by nature, and says nothing by them.
    """
    distinct = sample.drop_duplicates()
    probability = 1.0
    for name in distinct.columns:
        counts = distinct[name].value_counts(dropna=False).to_numpy(dtype="float64")
        pairs = max(len(distinct) * (len(distinct) - 1), 1)
        probability *= float((counts * (counts - 1)).sum()) / pairs
    return probability


# --- perfect predictors


def predicts(series: pd.Series[Any], answers: np.ndarray, task: Task) -> tuple[str, float]:
    """Return how well a feature alone predicts, and by which measure; nulls are a bin of their own."""
    bins = _bins(series)
    half = np.arange(len(bins)) % 2 == 0
    if task == "regression":
        scores = [_r2(bins, answers, learn) for learn in (half, ~half)]
        line = _line(series, answers)
        return "R²", max(float(np.mean(scores)), line)
    if answers.max() == 1:
        scores = [_auc(bins, answers, learn) for learn in (half, ~half)]
        return "AUC", float(np.mean(scores))
    scores = [_balanced_accuracy(bins, answers, learn) for learn in (half, ~half)]
    return "balanced accuracy", float(np.mean(scores))


def _bins(series: pd.Series[Any]) -> np.ndarray:
    """Return an integer for each row: few values are bins, many are cut at quantiles."""
    if not _is_number(series):
        return _codes(series)
    values = _floats(series)
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) <= BINS:
        edges = distinct
    else:
        cuts = np.linspace(0, 1, BINS + 1)[1:-1]
        edges = np.unique(np.quantile(known, cuts, method="lower"))
    # NaN is sorted behind all, into a bin of its own.
    bins: np.ndarray = np.searchsorted(edges, values, side="right")
    bins[np.isnan(values)] = len(edges) + 1
    return bins


def _codes(series: pd.Series[Any]) -> np.ndarray:
    """Number the distinct values; null is one."""
    return pd.factorize(series, use_na_sentinel=False)[0]


def _is_number(series: pd.Series[Any]) -> bool:
    return series.dtype.kind in "iufbM"


def _floats(series: pd.Series[Any]) -> np.ndarray:

    if series.dtype.kind == "M":
        ticks = series.to_numpy().astype("int64").astype("float64")
        return np.where(series.isna(), np.nan, ticks)
    return series.to_numpy(dtype="float64", na_value=np.nan)


def _auc(bins: np.ndarray, answers: np.ndarray, learn: np.ndarray) -> float:
    """Return the AUC of the bins' shares of the second class; 0.5 if one half has one class only."""
    size = bins.max() + 1
    counts = np.bincount(bins[learn], minlength=size)
    hits = np.bincount(bins[learn], answers[learn], minlength=size)
    shares = (hits + answers[learn].mean()) / (counts + 1)
    ranks = np.unique(shares, return_inverse=True)[1][bins[~learn]]
    positive = np.bincount(ranks, answers[~learn], minlength=size)
    negative = np.bincount(ranks, 1 - answers[~learn], minlength=size)
    pairs = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else 0.5


def _balanced_accuracy(bins: np.ndarray, answers: np.ndarray, learn: np.ndarray) -> float:
    """Return the mean recall of the bins' most frequent classes."""
    classes = answers.max() + 1
    seen, counts = np.unique(bins[learn] * classes + answers[learn], return_counts=True)
    order = np.lexsort((seen, -counts, seen // classes))
    where, first = np.unique(seen[order] // classes, return_index=True)
    # A bin that was not seen gets the most frequent class.
    best = np.full(bins.max() + 1, np.bincount(answers[learn]).argmax())
    best[where] = seen[order][first] % classes
    right = best[bins[~learn]] == answers[~learn]
    present = np.bincount(answers[~learn], minlength=classes)
    recalled = np.bincount(answers[~learn], right, minlength=classes)
    return float((recalled[present > 0] / present[present > 0]).mean())


def _r2(bins: np.ndarray, answers: np.ndarray, learn: np.ndarray) -> float:
    """Return the R² of the bins' means."""
    size = bins.max() + 1
    counts = np.bincount(bins[learn], minlength=size)
    sums = np.bincount(bins[learn], answers[learn], minlength=size)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), answers[learn].mean())
    tested = answers[~learn]
    spread = tested.var()
    return float(1 - ((tested - means[bins[~learn]]) ** 2).mean() / spread) if spread else 0.0


def _line(series: pd.Series[Any], answers: np.ndarray) -> float:
    """Return the R² of a straight line through the rows that have a value."""
    if not _is_number(series):
        return 0.0
    values = _floats(series)
    known = np.isfinite(values)
    if known.sum() < len(values) / 2 or np.ptp(values[known]) == 0 or np.ptp(answers[known]) == 0:
        return 0.0
    return float(np.corrcoef(values[known], answers[known])[0, 1] ** 2)
