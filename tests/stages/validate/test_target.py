"""A target that does not fit its task is refused before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.validating import REFUSED, Validating, accepted, refused

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 200


def table(target: Any) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame({"age": draw.integers(18, 80, ROWS), "y": target})


def labels(*values: Any) -> list[Any]:
    """Return these for the first rows, and 'yes' and 'no' in turn for the others."""
    return [*values, *(["yes", "no"] * ROWS)][:ROWS]


MISFITS: dict[str, tuple[str, Any, str, list[str]]] = {
    "three classes": (
        "binary",
        [("low", "mid", "high")[i % 3] for i in range(ROWS)],
        "target_labels",
        [
            "has 3 labels, and data.task is binary: 'low' (67 rows), 'mid' (67 rows), 'high' (66 rows)",
            "set data.task to multiclass",
        ],
    ),
    "three numbers": (
        "binary",
        [i % 3 for i in range(ROWS)],
        "target_labels",
        ["has 3 labels, and data.task is binary: 0 (67 rows), 1 (67 rows), 2 (66 rows)"],
    ),
    "a stray label": (
        "binary",
        labels("yes", "no", "unknown"),
        "target_labels",
        [
            "'no' (99 rows), 'unknown' (1 rows)",
            "beyond the first two in 1 row(s), 0.50% (row 3: unknown)",
            "correct these rows",
        ],
    ),
    "one label in several ways": (
        "binary",
        labels("Yes ", "YES"),
        "target_labels",
        [
            "'YES' (1 rows)",
            "'YES', 'Yes ', 'yes' differ by case or spaces alone",
            "write each label in one way",
        ],
    ),
    "two ways of one label": (
        "binary",
        ["Yes", "yes"] * 100,
        "target_labels",
        ["has 2 labels", "'Yes', 'yes' differ by case or spaces alone"],
    ),
    "many labels": (
        "binary",
        [f"c{i % 15:02d}" for i in range(ROWS)],
        "target_labels",
        ["has 15 labels", "'c09' (13 rows) and 5 more"],
    ),
    "fractions for classes": (
        "multiclass",
        np.linspace(0, 1, ROWS),
        "target_labels",
        ["has 200 labels, too many for classes", "set data.task to regression"],
    ),
    "fractions for two classes": (
        "binary",
        np.linspace(0, 1, ROWS),
        "target_labels",
        ["has 200 labels, too many for classes", "set data.task to regression"],
    ),
    "another text in each row": (
        "multiclass",
        [f"a long story {i}" for i in range(ROWS)],
        "target_labels",
        ["has 200 labels, too many for classes"],
    ),
    "one label": (
        "binary",
        ["yes"] * ROWS,
        "target_constant",
        ["has only the value 'yes': there is nothing to learn"],
    ),
    "no label": ("binary", [None] * ROWS, "target_constant", ["has no value at all"]),
    "one number": ("regression", [1.0] * ROWS, "target_constant", ["has only the value 1"]),
    "prices": (
        "regression",
        [f"${i + 1},234" for i in range(ROWS)],
        "target_type",
        [
            "the target 'y' is category, and data.task is regression: no number in 200 row(s)",
            "row 1: $1,234, row 2: $2,234",
            "type: number",
        ],
    ),
    "infinities": (
        "regression",
        [1.5, np.inf, 2.5, -np.inf, *np.arange(ROWS - 4.0)],
        "target_infinite",
        ["the target 'y' is infinite in 2 row(s), 1.00% (row 2: inf, row 4: -inf)"],
    ),
    "times": (
        "regression",
        pd.date_range("2026-01-01", periods=ROWS),
        "target_type",
        ["the target 'y' is datetime"],
    ),
}


@pytest.mark.parametrize(("task", "target", "rule", "parts"), MISFITS.values(), ids=MISFITS)
def test_a_target_that_does_not_fit_the_task_is_refused(
    tmp_path: Path, task: str, target: Any, rule: str, parts: list[str]
) -> None:
    made = Validating(tmp_path, {"task": task, "target": "y"})
    refused(made.validate(table(target)), *parts, f"[{rule}]")
    assert [f["rule"] for f in made.report(REFUSED)["findings"] if f["severity"] == "error"] == [
        rule
    ]
    # A schema of such a table would refuse the corrected one.
    assert not (tmp_path / "schema.yaml").exists()
    accepted(made.validate(table(labels() if task != "regression" else np.arange(ROWS) % 97)))


def test_a_stray_label_that_the_schema_tolerates_is_refused(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "y"}, {"tolerance": 0.01})
    accepted(made.validate(table(labels())))
    refused(made.validate(table(labels("maybe"))), "has 3 labels", "(row 1: maybe)")


def test_classes_that_are_rare_or_nearly_equal_are_reported(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "multiclass", "target": "y"})
    printed = accepted(made.validate(table(labels("maybe", "Yes", "Yes", "Yes"))))
    assert "labels of the target 'y' are nearly equal: 'Yes', 'yes' differ by case" in printed
    assert "is a class of fewer than 3 rows ('maybe') in 1 row(s), 0.50% (row 1: maybe)" in printed


@pytest.mark.parametrize(
    ("task", "target"),
    [
        ("binary", [True, False] * 100),
        ("binary", [1.0, 0.0] * 100),
        ("multiclass", [0.5 * (i % 7) for i in range(ROWS)]),
        ("multiclass", [f"c{i % 60}" for i in range(ROWS)]),
        ("regression", list(range(ROWS // 2)) * 2),
        ("regression", [1, 2] * 100),
    ],
)
def test_a_target_that_fits_is_accepted(tmp_path: Path, task: str, target: Any) -> None:
    made = Validating(tmp_path, {"task": task, "target": "y"})
    accepted(made.validate(table(target)))
    assert not [rule for rule in made.rules() if rule.startswith(("target", "rare"))]


def test_rows_without_a_target_are_counted(tmp_path: Path) -> None:
    made = Validating(tmp_path, {"task": "binary", "target": "y"})
    printed = accepted(made.validate(table(labels(None, "yes", None))))
    assert "the target 'y' is missing" in printed
    assert "in 2 row(s), 1.00% (row 1, row 3)" in printed
    made = Validating(tmp_path, {"task": "regression", "target": "y"})
    made.schema("columns: {}\n")
    printed = accepted(made.validate(table([np.nan, *np.arange(ROWS - 1.0)])))
    assert "in 1 row(s), 0.50% (row 1)" in printed
