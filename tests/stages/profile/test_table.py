"""The profile of the data: what it finds, and how it looks in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlops_plugins.api.context import Data, Task
from mlops_plugins.artifacts import pages, tables
from mlops_plugins.stages.profile import sample, summary
from tests.helpers.browser import DESKTOP, PHONE, Browser, faint_texts, fits, requests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project


def profile(frame: pd.DataFrame, folder: Path, task: Task = "binary", **roles: str) -> Any:
    tables.write_frame(frame, folder / "table.parquet")
    data = Data(task=task, target="y", **roles)
    return summary.make(sample.read(folder / "table.parquet", max_rows=1000), data)


def page(found: Any, project: str) -> str:
    return pages.render("stages/profile/page.html.j2", report=found, project=project)


def column(found: Any, name: str) -> Any:
    (one,) = [each for each in found["columns"] if each["name"] == name]
    return one


def rows(count: int = 900) -> pd.DataFrame:
    """Return rows of which `curve` gives the target away, but not by a line, and `noise` nothing."""
    number = pd.Series(range(count))
    curve = (number * 37 % 200 - 100) / 100
    return pd.DataFrame({"y": (curve.abs() > 0.5).astype(int), "curve": curve, "noise": number % 7})


def test_any_shape_of_dependence_is_seen(tmp_path: Path) -> None:
    found = profile(rows(), tmp_path)
    assert column(found, "curve")["explains"] > 0.75
    assert column(found, "noise")["explains"] < 0.02
    assert "explains" not in column(found, "y")
    means = [each["mean"] for each in column(found, "curve")["target_by_group"]]
    assert len(means) == 10
    assert means[0] == means[1] == means[-1] == 1.0
    assert means[4] == means[5] == 0.0


def test_nulls_that_tell_are_a_group_of_their_own(tmp_path: Path) -> None:
    frame = rows()
    frame["told"] = frame["noise"].where(frame["y"] == 0)
    found = column(profile(frame, tmp_path), "told")
    assert found["explains"] == 1.0
    assert found["target_by_group"][-1]["name"] == "(missing)"


def test_what_a_reader_should_notice(tmp_path: Path) -> None:
    frame = rows()
    frame["leak"] = frame["y"].map({0: "no", 1: "yes"})
    frame["void"] = pd.Series([None] * len(frame), dtype="float64")
    frame["same"] = "a"
    frame["holes"] = frame["curve"].where(frame.index % 3 > 0)
    frame["twice"] = frame["noise"] * 2 + 1
    assert profile(frame, tmp_path)["notes"] == [
        "'leak' alone explains 100% of the target: is it known when a prediction is made?",
        "'void' has no value at all",
        "'same' has only one value",
        "'holes' is missing in 33% of the rows",
        "'noise' and 'twice' say nearly the same: +1.00",
        "'curve' and 'holes' say nearly the same: +1.00",
    ]


def test_a_rare_class_and_infinities_are_noticed(tmp_path: Path) -> None:
    frame = rows()
    frame["y"] = (frame.index % 100 == 0).astype(int)
    frame["odd"] = frame["curve"].where(frame.index != 5, float("inf"))
    notes = profile(frame, tmp_path)["notes"]
    assert notes[0] == "'odd' is infinite in 1 rows"
    assert notes[1] == "the class 1 is rare: 1.0% of the rows"


def test_nulls_are_of_all_rows_and_the_rest_of_some(tmp_path: Path) -> None:
    frame = pd.concat([rows()] * 5, ignore_index=True)
    frame.loc[7, "noise"] = None
    found = profile(frame, tmp_path)
    assert (found["rows"], found["rows_looked_at"]) == (4500, 900)
    assert column(found, "noise")["missing"] == 1


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task(tmp_path: Path, task: Task) -> None:
    frame = rows()
    frame["y"] = frame["noise"].map("abcdefg".__getitem__) if task == "multiclass" else frame.curve
    found = profile(
        frame.assign(copy=frame["noise"] if task == "multiclass" else frame.y), tmp_path, task
    )
    assert column(found, "copy")["explains"] > 0.95
    html = page(found, "any")
    assert "The target: y" in html
    assert ("Mean of the target" in html) == (task == "regression")


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    frame = rows().rename(columns={"noise": "<script>alert(1)</script>"})
    html = page(profile(frame, tmp_path), "<b>")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.slow
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_page_of_a_project_in_a_browser(
    finished: Project, browser: Browser, width: int
) -> None:
    """Nothing is loaded, nothing is wider than a phone, and the picture shows what it says."""
    page = browser.open(finished.root / "reports/profile/profile.html", width)
    assert fits(page)
    assert requests(page) == 0
    assert faint_texts(page) == []
    assert page.locator("svg.chart").count() > 10
    assert page.locator("h1").inner_text().endswith("rows, 12 columns")
    assert page.locator(".columns .name").first.inner_text() == "departure_delay"
