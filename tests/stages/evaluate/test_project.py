"""An evaluation in a rendered project: DVC's plots, sensitive columns, and a mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sklearn import datasets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow

STAGES = ("ingest", "validate", "split", "features", "train", "evaluate", "explain")


def plotted(project: Project) -> dict[str, int]:
    """Return how many points each of DVC's plots has."""
    found = json.loads(project.dvc("plots", "show", "--json").stdout)
    assert not found.get("errors")
    return {name: len(plot[0]["content"]["data"]["values"]) for name, plot in found["data"].items()}


def test_the_sample_is_plotted_and_checked_by_group(project: Project) -> None:
    points = plotted(project)
    assert set(points) == {
        "roc",
        "precision and recall",
        "calibration",
        "confusion",
        "learning curve",
        "slices",
        "importance",
    }
    assert points["learning curve"] == 2 * 3
    assert points["slices"] >= 1

    project.edit("conf/evaluate/metrics.yaml", "columns: []", "columns: [origin]")
    project.write("conf/config.yaml", sensitive(project, "carier"))
    done = project.dvc("repro", "evaluate", check=False)
    assert done.returncode
    assert "There is no column 'carier'. Did you mean 'carrier'?" in done.stderr
    assert "conf/config.yaml: data.sensitive" in done.stderr
    # The last good evaluation is still there.
    assert json.loads(project.read("reports/evaluation/fairness.json"))["sensitive"] == []

    project.write("conf/config.yaml", project.read("conf/config.yaml").replace("carier", "carrier"))
    project.dvc("repro", "evaluate")
    fairness = json.loads(project.read("reports/evaluation/fairness.json"))
    assert [column["column"] for column in fairness["columns"]] == ["carrier"]
    assert (project.root / "reports/evaluation/fairness-1.png").exists()
    assert plotted(project)["slices"] >= 4


def sensitive(project: Project, column: str) -> str:
    """Return the project's configuration with a sensitive column."""
    from ruamel.yaml import YAML

    lines = project.read("conf/config.yaml").splitlines()
    kept = [line for line in lines if not line.strip().startswith("sensitive:")]
    place = kept.index("data:")
    changed = [*kept[: place + 1], f"  sensitive: [{column}]", *kept[place + 1 :]]
    text = "\n".join(changed) + "\n"
    assert YAML(typ="safe").load(text)["data"]["sensitive"] == [column]
    return text


def test_numbers_are_plotted(fresh: Callable[..., Project]) -> None:
    project = fresh(
        data_source="file", data_path="data.csv", target_column="target", task="regression"
    )
    datasets.load_diabetes(as_frame=True, scaled=False).frame.to_csv(
        project.root / "data.csv", index=False
    )
    for stage in STAGES:
        project.mlops("run", stage)
    points = plotted(project)
    assert set(points) == {"calibration", "residuals", "learning curve", "slices", "importance"}
    assert points["calibration"] == 10
