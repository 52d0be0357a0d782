"""What a model depends on: over all rows, and for one."""

from __future__ import annotations

import csv
import itertools
import json
import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlops_plugins import DataError
from mlops_plugins.api.paths import MODEL
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.stages.explain import importance
from mlops_plugins.stages.explain.importance import Importance
from mlops_plugins.stages.explain.permutation import Permutation
from mlops_plugins.stages.explain.shap import Shap
from mlops_plugins.testing import artefacts
from mlops_plugins.testing.tables import DIABETES, WINES, Case, nulls, plain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project

BOTH = pytest.mark.parametrize(
    "implementation", [Permutation(), Shap()], ids=["permutation", "shap"]
)
QUICK = pytest.mark.parametrize(
    "implementation",
    [Permutation(rows=100, repeats=1), Shap(rows=20, background=5)],
    ids=["permutation", "shap"],
)


def explained(implementation: Any, case: Case, folder: Path) -> dict[str, Any]:
    """Explain a case's model, and return what importance.json says."""
    output = folder / "explanation"
    implementation.explain(
        artefacts.context(folder, case),
        model=artefacts.provide(case, MODEL),
        splits=artefacts.provide(case, "data/splits"),
        output=output,
    )
    whole: dict[str, Any] = json.loads((output / "importance.json").read_text())
    return whole


def judged(case: Case) -> pd.DataFrame:
    return tables.read_frame(artefacts.provide(case, "data/splits") / "test.parquet")


def exact(case: Case, background: pd.DataFrame, row: pd.DataFrame) -> dict[str, float]:
    """Return Shapley values by their definition, from every set of columns."""
    opened = open_model(artefacts.provide(case, MODEL))
    columns = opened.schema.inputs
    background, row = conform(background, opened.inputs), conform(row, opened.inputs)
    sets = [
        frozenset(known)
        for size in range(len(columns) + 1)
        for known in itertools.combinations(columns, size)
    ]
    mixed = pd.concat(
        background.assign(**{name: row[name].iloc[0] for name in known}) for known in sets
    )
    scores = opened.scores(mixed).reshape(len(mixed), -1)[:, -1]
    means = scores.reshape(len(sets), len(background)).mean(axis=1)
    value = dict(zip(sets, means.tolist(), strict=True))
    found = dict.fromkeys(columns, 0.0)
    for known, without in value.items():
        for name in set(columns) - known:
            orders = math.factorial(len(known)) * math.factorial(len(columns) - len(known) - 1)
            gained = value[known | {name}] - without
            found[name] += orders / math.factorial(len(columns)) * gained
    return found


@BOTH
@pytest.mark.parametrize("case", [DIABETES, plain()], ids=str)
def test_a_rows_contributions_are_its_shapley_values(
    implementation: Any, case: Case, tmp_path: Path
) -> None:
    rows = judged(case)
    background, row = rows[10:14].reset_index(drop=True), rows[:1]
    tables.write_frame(background, tmp_path / "reference.parquet")

    found = implementation.explain_row(
        artefacts.context(tmp_path, case),
        model=artefacts.provide(case, MODEL),
        reference=tmp_path / "reference.parquet",
        row=row,
    )

    wanted = exact(case, background, row)
    scale = max(map(abs, wanted.values()))
    assert scale > 0
    assert found.contributions.keys() == wanted.keys()
    inside = 0
    for name, each in found.contributions.items():
        assert each.value == pytest.approx(wanted[name], abs=0.15 * scale), name
        inside += each.low - 1e-9 * scale <= wanted[name] <= each.high + 1e-9 * scale
    assert inside >= 0.7 * len(wanted), "95 % intervals"
    opened = open_model(artefacts.provide(case, MODEL))
    total = found.base + sum(each.value for each in found.contributions.values())
    assert total == pytest.approx(opened.predict(row)["score"].iloc[0], rel=1e-9)
    assert found.base == pytest.approx(opened.predict(background)["score"].mean(), rel=1e-9)


@BOTH
def test_of_several_classes_the_predicted_one_is_explained(
    implementation: Any, tmp_path: Path
) -> None:
    model, reference = artefacts.provide(WINES, MODEL), tmp_path / "reference.parquet"
    tables.write_frame(judged(WINES), reference)
    opened = open_model(model)
    for place in range(0, 45, 15):
        row = judged(WINES).iloc[[place]]
        found = implementation.explain_row(
            artefacts.context(tmp_path, WINES), model=model, reference=reference, row=row
        )
        total = found.base + sum(each.value for each in found.contributions.values())
        assert total == pytest.approx(opened.predict(row)["score"].iloc[0], rel=1e-9)
        assert max(each.value for each in found.contributions.values()) > 0.05


@QUICK
@pytest.mark.parametrize("case", [plain(), WINES, DIABETES, nulls()], ids=str)
def test_an_explanation_is_sorted_has_intervals_and_needs_no_colour(
    implementation: Any, case: Case, tmp_path: Path
) -> None:
    found = explained(implementation, case, tmp_path)

    values = [each["importance"] for each in found["columns"]]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0
    for each in found["columns"]:
        assert each["low"] <= each["high"]
        assert each["holds_zero"] == (each["low"] <= 0 <= each["high"])
    assert not found["columns"][0]["holds_zero"]
    folder = tmp_path / "explanation"
    with (folder / "importance.csv").open(newline="") as stream:
        read = list(csv.DictReader(stream))
    assert [each["column"] for each in read] == [each["column"] for each in found["columns"]]
    assert list(read[0]) == ["column", "importance", "low", "high"]
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == (2 if isinstance(implementation, Shap) else 1)
    for picture in pictures:
        red, green, blue = (channel(picture, place) for place in range(3))
        assert (red == green).all()
        assert (green == blue).all()


def channel(picture: Path, place: int) -> np.ndarray:
    from matplotlib.image import imread

    return np.asarray(imread(picture)[:, :, place])


def test_each_class_has_a_panel(tmp_path: Path) -> None:
    widths = {}
    for case in (plain(), WINES):
        folder = tmp_path / case.data.task
        folder.mkdir()
        explained(Shap(rows=5, background=3), case, folder)
        header = (folder / "explanation" / "beeswarm.png").read_bytes()[16:20]
        (widths[case.data.task],) = struct.unpack(">I", header)
    assert widths["multiclass"] > 2 * widths["binary"]


def test_what_the_model_does_not_use_is_marked_and_what_it_lives_by_is_not(tmp_path: Path) -> None:
    def make() -> Any:
        table = plain().make()
        return table.append_column("constant", [[1.5] * table.num_rows])

    case = Case("a constant column", plain().data, make)
    found = {each["column"]: each for each in explained(Permutation(), case, tmp_path)["columns"]}
    assert found["constant"]["importance"] == found["constant"]["high"] == 0
    assert found["constant"]["holds_zero"]
    assert not found["departure_delay"]["holds_zero"]
    assert found["departure_delay"]["low"] > 0.1
    # 102 rows say little of a column that matters little.
    assert sum(each["holds_zero"] for each in found.values()) >= 4


def test_a_column_that_harms_is_away_from_zero_too() -> None:
    def importance(low: float, high: float) -> Importance:
        return Importance(column="x", value=(low + high) / 2, low=low, high=high)

    assert not importance(-0.2, -0.1).holds_zero
    assert not importance(0.1, 0.2).holds_zero
    assert importance(-0.1, 0.2).holds_zero
    assert importance(math.nan, math.nan).holds_zero


def test_an_interval_holds_the_importance_of_other_rows(tmp_path: Path) -> None:
    """Of rows drawn 10 times, the intervals hold the loss on the rows they are drawn of."""
    case = plain()
    whole = explained(Permutation(repeats=10), case, tmp_path)
    (truth,) = [each for each in whole["columns"] if each["column"] == "departure_delay"]
    held = 0
    for seed in range(10):
        folder = tmp_path / str(seed)
        splits = folder / "splits"
        splits.mkdir(parents=True)
        drawn = judged(case).sample(frac=1, replace=True, random_state=seed)
        tables.write_frame(drawn, splits / "test.parquet")
        Permutation(repeats=1).explain(
            artefacts.context(folder, case),
            model=artefacts.provide(case, MODEL),
            splits=splits,
            output=folder / "explanation",
        )
        columns = json.loads((folder / "explanation/importance.json").read_text())["columns"]
        (found,) = [each for each in columns if each["column"] == "departure_delay"]
        held += found["low"] <= truth["importance"] <= found["high"]
    assert held >= 8


@QUICK
def test_rows_that_lack_a_column_are_refused(implementation: Any, tmp_path: Path) -> None:
    case = plain()
    reference = tmp_path / "reference.parquet"
    tables.write_frame(judged(case), reference)
    with pytest.raises(DataError, match="The column 'carrier' is missing"):
        implementation.explain_row(
            artefacts.context(tmp_path, case),
            model=artefacts.provide(case, MODEL),
            reference=reference,
            row=judged(case).iloc[[0]].drop(columns="carrier"),
        )
    tables.write_frame(judged(case)[:0], reference)
    with pytest.raises(DataError, match="There are no rows to explain the model with"):
        implementation.explain_row(
            artefacts.context(tmp_path, case),
            model=artefacts.provide(case, MODEL),
            reference=reference,
            row=judged(case).iloc[[0]],
        )


@pytest.mark.parametrize(
    ("values", "reach", "leaks"),
    [
        ([0.297, 0.0008, -0.001], 0.01, True),
        ([0.297, 0.0008, 0.0001], 0.0001, True),
        ([0.297, -0.001], 0.01, True),
        ([0.353, 0.0056, 0.004], 0.01, True),
        ([0.353, 0.0056, 0.004], 0.001, False),
        ([0.297, 0.03, 0.01], 0.1, False),
        ([0.297], 0.01, False),
        ([], 0.01, False),
    ],
)
def test_a_column_that_dwarfs_the_others_is_a_possible_leak(
    tmp_path: Path, values: list[float], reach: float, *, leaks: bool
) -> None:
    columns = [
        Importance(column=f"c{place}", value=value, low=value - reach, high=value + reach)
        for place, value in enumerate(values)
    ]
    logged: list[str] = []
    context = replace(artefacts.context(tmp_path, WINES), log=logged.append)
    importance.write(context, tmp_path, columns, measure="loss")
    said = json.loads((tmp_path / "importance.json").read_text())["possible_leak"]
    assert bool(said) == leaks
    if leaks:
        assert said.startswith(
            f"the model depends on 'c0' alone: its importance is {values[0]:.4f}"
        )
        assert f"possible leak: {said}" in logged


def test_a_column_that_may_matter_nothing_is_no_leak() -> None:
    columns = [
        Importance(column="a", value=0.2, low=-0.01, high=0.4),
        Importance(column="b", value=0.001, low=0, high=0.002),
    ]
    assert importance.possible_leak(columns) is None


def test_a_picture_shows_twenty_columns_at_most(tmp_path: Path) -> None:
    many = [Importance(column=f"c{i}", value=1.0, low=0.5, high=1.5) for i in range(50)]
    heights = []
    for shown in (many[:20], many):
        folder = tmp_path / str(len(shown))
        folder.mkdir()
        context = artefacts.context(folder, WINES)
        importance.write(context, folder, shown, measure="loss")
        heights.append(struct.unpack(">I", (folder / "importance.png").read_bytes()[20:24])[0])
        assert len((folder / "importance.csv").read_text().splitlines()) == len(shown) + 1
    assert heights[0] == heights[1]


def explain_row(project: Project, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.mlops("explain-row", *arguments, "--json").stdout)
    total = found["base"] + sum(each["value"] for each in found["contributions"].values())
    assert total == pytest.approx(found["score"], rel=1e-9)
    return found


@pytest.mark.slow
def test_a_row_is_explained_by_its_number_and_its_id(project: Project) -> None:
    validated = tables.read_frame(project.root / "data/validated.parquet")
    key = int(validated["flight_id"].iloc[2])

    found = explain_row(project, "--row", "3")

    assert found["row"] == 3
    assert repr(found["prediction"]) in ("0", "1"), "a class as the target has it"
    assert found["version"] == "1"
    assert found["values"]["carrier"] == validated["carrier"].iloc[2]
    assert "late" not in found["values"]
    features = tables.read(project.root / "data/features/train.parquet").column_names
    assert [*found["features"], "late"] == features
    assert set(found["contributions"]) == set(found["values"])
    # A file's row is explained as the same row of the project's is, and as it is predicted.
    validated.iloc[:5].to_csv(project.root / "new.csv", index=False)
    assert explain_row(project, "new.csv", "--row", "3") == found
    project.mlops("predict", "new.csv", "-o", "new.parquet", "--no-log")
    predicted = tables.read_frame(project.root / "new.parquet").iloc[2]
    assert predicted["score"] == pytest.approx(found["score"], rel=1e-9)
    assert predicted["prediction"] == found["prediction"]
    # The project's own model is the champion, and so are the rows that it was judged on.
    own = explain_row(project, "--row", "3", "--model", "models/model")
    assert own == {**found, "version": "unregistered"}

    shown = project.mlops("explain-row", "--id", str(key)).stdout
    assert shown.startswith("row 3, model 1\nprediction ")
    (largest, each), *_ = sorted(
        found["contributions"].items(), key=lambda item: -abs(item[1]["value"])
    )
    # It may be a feature too, and those are listed below.
    line, *_ = [line for line in shown.splitlines() if line.startswith(f"{largest} ")]
    assert line.rstrip().endswith(("+" if each["value"] > 0 else "-") * 20)


@pytest.mark.slow
def test_a_row_that_cannot_be_explained_is_told(project: Project) -> None:
    rows = tables.read_frame(project.root / "data/validated.parquet").iloc[:3]
    rows.drop(columns="carrier").to_csv(project.root / "short.csv", index=False)
    pd.concat([rows, rows[:1]]).to_csv(project.root / "twice.csv", index=False)
    rows.drop(columns="flight_id").to_csv(project.root / "nameless.csv", index=False)
    key = str(rows["flight_id"].iloc[0])

    def told(*arguments: str, code: int) -> str:
        done = project.mlops("explain-row", *arguments, check=False)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    assert "No row has the flight_id nonsense." in told("--id", "nonsense", code=4)
    many = told("twice.csv", "--id", key, code=4)
    assert f"2 rows have the flight_id {key}." in many
    assert "--row, one of 1, 4" in many
    assert "There is no row 9." in told("short.csv", "--row", "9", code=4)
    assert "The column 'carrier' is missing." in told("short.csv", "--row", "1", code=4)
    assert "The rows have no column 'flight_id'" in told("nameless.csv", "--id", key, code=4)
    assert "does not exist" in told("nowhere.csv", "--row", "1", code=4)
    assert "There is no model." in told("--row", "1", "--model", "nowhere", code=5)
    assert "one of --row and --id" in told(code=2)
    assert "one of --row and --id" in told("--row", "1", "--id", key, code=2)


OURS = '''\
"""Explains by a word, and no row."""

from mlops_plugins import ComponentSpec, Component, Stage, hookimpl
from mlops_plugins.artifacts.files import write_json, write_text


@hookimpl
def mlops_implementations():
    """Offer it."""
    yield ComponentSpec(
        stage=Stage.EXPLAIN, name="ours", target="late.plugin:Ours", summary="A word"
    )


class Ours(Component):
    """Explains by a word."""

    def explain(self, context, *, model, splits, output):
        """Write the word."""
        output.mkdir()
'''


@pytest.mark.slow
def test_each_implementation_explains_a_row(project: Project) -> None:
    project.write("src/late/plugin.py", OURS)
    project.edit("conf/config.yaml", "- explain: permutation", "- explain: ours")
    project.mlops("compose")
    without = explain_row(project, "--row", "3")

    project.edit("conf/config.yaml", "- explain: ours", "- explain: shap")
    project.write("conf/explain/shap.yaml", "name: shap\nrows: 20\nbackground: 10\n")
    project.mlops("compose")
    by_shap = explain_row(project, "--row", "3")
    assert by_shap["base"] != without["base"], "other rows, and fewer, are the background"
    assert by_shap["score"] == without["score"]

    done = project.mlops("run", "explain")
    assert "most important: departure_delay" in done.stderr
    written = json.loads(project.read("reports/explanation/importance.json"))
    assert written["measure"] == "mean |SHAP value|: probability of 1"
    assert {each["column"] for each in written["columns"]} == set(by_shap["values"])
