"""`tune: optuna`: what it searches, how it scores, what it keeps, and what it says of mistakes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from mlops_plugins import ConfigurationError, DataError, ModelError, Stage
from mlops_plugins.api.component import parse
from mlops_plugins.artifacts import files, folds, tables
from mlops_plugins.config import tuned_options
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.stages.tune.distributions import distributions
from mlops_plugins.stages.tune.journal import FOLDER
from mlops_plugins.stages.tune.optuna import Optuna
from tests.helpers.params import params_of
from tests.helpers.refusals import contents
from tests.helpers.tuning import (
    BEST,
    ROWS,
    Line,
    context,
    found,
    kept,
    search,
    seen,
    timed,
    trainer,
    trials,
    write_rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.contracts.tune import Trainer

UNTUNED = {"estimator"}
"""Built-in trainers whose options depend on what they are told to fit."""


def test_it_finds_what_is_best_and_writes_that_alone(tmp_path: Path) -> None:
    output = search(tmp_path, trials=25, pruner="none")

    assert files.read_json(output / "best.json")["train"] == "line"
    assert found(output).keys() == {"slope"}
    assert abs(found(output)["slope"] - BEST) < 0.3
    made = trials(output)
    assert [trial["number"] for trial in made] == list(range(25))
    assert max(made, key=lambda trial: trial["value"])["options"] == found(output)
    assert all(np.isclose(np.mean(trial["folds"]), trial["value"]) for trial in made)
    table = pd.read_csv(output / "trials.csv")
    assert list(table["best so far"]) == list(np.maximum.accumulate(table["r2"]))
    assert np.allclose(table["slope"], [trial["options"]["slope"] for trial in made])
    for name in ("history.png", "options.png"):
        assert (output / name).read_bytes().startswith(b"\x89PNG")


def test_what_conf_has_is_tried_first_and_beaten_or_kept(tmp_path: Path) -> None:
    output = search(tmp_path, using=trainer(slope=BEST), trials=4)

    assert trials(output)[0]["options"] == {"slope": BEST}
    assert found(output) == {"slope": BEST}
    outside = search(tmp_path, using=trainer(slope=77.0), trials=1)
    assert trials(outside)[0]["options"]["slope"] <= 6


def test_every_kind_of_option_is_searched(tmp_path: Path) -> None:
    space = {
        "slope": {"low": 1, "high": 9, "log": True},
        "power": {"low": 1, "high": 3},
        "sign": {"choices": ["minus", "plus"]},
        "parameters.shift": {"low": -5, "high": 5},
    }
    output = search(tmp_path, space=space, trials=40, pruner="none")

    tried = [trial["options"] for trial in trials(output)]
    assert {each["power"] for each in tried} == {1, 2, 3}
    assert {type(each["slope"]) for each in tried} == {float}
    assert {type(each["parameters.shift"]) for each in tried} == {int}
    best = found(output)
    assert best["parameters"].keys() == {"shift"}
    assert (best["power"], best["sign"]) == (1, "plus")
    Line(**best)


@pytest.mark.parametrize(
    ("space", "what", "where"),
    [
        (
            {"slop": {"low": 0, "high": 1}},
            "There is no option 'slop'. Did you mean 'slope'?",
            "conf/tune/optuna.yaml: space.slop (of train/line)",
        ),
        (
            {"power": {"low": 1, "high": 7}},
            "The option 'power' is 7: input should be less than or equal to 3.",
            "conf/tune/optuna.yaml: space.power (of train/line)",
        ),
        (
            {"power": {"low": 0.5, "high": 2.5}},
            "The option 'power' is 0.5: input should be a valid integer",
            "conf/tune/optuna.yaml: space.power",
        ),
        (
            {"sign": {"choices": ["plus", "times"]}},
            "The option 'sign' is 'times'",
            "conf/tune/optuna.yaml: space.sign",
        ),
        (
            {"slope": {"low": 5, "high": 1}},
            "expected `low` below `high`",
            "tune: optuna: space.slope",
        ),
        (
            {"slope": {"low": 0, "high": 1, "log": True}},
            "expected `low` below `high` (with `log`, above 0)",
            "tune: optuna: space.slope",
        ),
        ({"slope": {"low": 1}}, "expected `low` below `high`", "tune: optuna: space.slope"),
        ({"slope": {"low": "a", "high": 2}}, "not a number", "tune: optuna: space.slope.low"),
        ({"slope": {"lo": 1, "high": 2}}, "no option 'space.slope.lo'", "space.slope.lo"),
        ({"sign": {"choices": []}}, "or `choices` alone", "tune: optuna: space.sign"),
        ({"slope": [0, 1]}, "The option 'space.slope' is [0, 1]", "tune: optuna: space.slope"),
    ],
)
def test_a_bad_space_is_told_by_its_file_and_key(
    space: dict[str, Any], what: str, where: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        search(tmp_path, space=space)

    assert what in caught.value.what
    assert where in caught.value.where
    assert seen(tmp_path) == []


def test_a_trainer_that_suggests_nothing_needs_a_space(tmp_path: Path) -> None:
    silent = trainer(space={})
    with pytest.raises(ConfigurationError, match="train/line suggests no options to search"):
        search(tmp_path, using=silent)

    output = search(tmp_path, using=silent, space={"slope": {"low": 2, "high": 4}}, trials=2)
    assert found(output).keys() == {"slope"}


def test_every_built_in_trainer_suggests_options_that_it_takes() -> None:
    for offer in plugin_manager().components():
        offered = offer.implementation
        if offered.stage is not Stage.TRAIN or offered.name in UNTUNED:
            continue
        made = tuned_options.trainer(params_of(train={"name": offered.name}))
        space = distributions({}, made)
        assert len(space) >= 3, offered.name
        assert space.keys() <= made.options.keys()


def test_pruning_stops_what_is_behind(tmp_path: Path) -> None:
    all_folds = trials(search(tmp_path / "none", trials=20, pruner="none", folds=4))
    pruned = trials(search(tmp_path / "median", trials=20, pruner="median", folds=4))

    assert {trial["state"] for trial in all_folds} == {"complete"}
    assert {len(trial["folds"]) for trial in all_folds} == {4}
    stopped = [trial for trial in pruned if trial["state"] == "pruned"]
    assert stopped
    assert all(len(trial["folds"]) < 4 for trial in stopped)
    assert len(seen(tmp_path / "median")) == sum(len(trial["folds"]) for trial in pruned)
    leader = max(trial["value"] for trial in pruned if trial["state"] == "complete")
    assert all(trial["value"] < leader for trial in stopped)


def test_a_trial_that_fails_is_told_and_the_search_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    output = search(tmp_path, said, using=trainer(refuse=3.5), pruner="none")

    failed = [trial for trial in trials(output) if trial["state"] == "failed"]
    assert failed
    assert all(trial["options"]["slope"] > 3.5 for trial in failed)
    assert {trial["value"] for trial in failed} == {None}
    assert failed[0]["reason"] in {f"ValueError: {steep} is steep" for steep in (4, 5, 6)}
    assert any(f"failed, {failed[0]['reason']}" in line for line in said)
    assert found(output)["slope"] <= 3.5


def test_it_is_an_error_if_all_trials_fail(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        search(tmp_path, using=trainer(refuse=-1.0), trials=3)

    assert caught.value.what == "All 3 trials failed; the first: ValueError: 1 is steep."
    assert not (tmp_path / "tuning").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_library_that_is_not_installed_ends_the_search(workers: int, tmp_path: Path) -> None:
    using = trainer(name="lightgbm", library="not_installed_here")
    with pytest.raises(ConfigurationError, match="needs 'not_installed_here'") as caught:
        search(tmp_path, using=using, workers=workers)

    assert caught.value.where == "train: lightgbm"
    assert caught.value.next_step == "uv add 'mlops-plugins[lightgbm]'"


def test_a_bigger_budget_goes_on_and_another_search_begins(tmp_path: Path) -> None:
    search(tmp_path, trials=4)
    before = kept(tmp_path)
    trained = len(seen(tmp_path))

    said: list[str] = []
    output = search(tmp_path, said, trials=9)
    whole = search(tmp_path / "at once", trials=9)

    assert said[0] == "trials of this search that are there already: 4"
    assert kept(tmp_path)[0][:4] == before[0]
    assert [trial["number"] for trial in kept(tmp_path)[0]] == list(range(9))
    assert contents(tmp_path, ("tuning",)) == contents(tmp_path / "at once", ("tuning",))
    assert len(seen(tmp_path)) == len(seen(tmp_path / "at once"))
    assert trials(search(tmp_path, trials=4)) == trials(output)[:4]
    assert len(seen(tmp_path)) > trained
    search(tmp_path, trials=2, space={"slope": {"low": 0, "high": 5}})
    search(tmp_path, trials=2, using=trainer(power=2))
    assert sorted(len(each) for each in kept(tmp_path)) == [2, 2, 9]
    assert len(trials(whole)) == 9


def test_what_a_kill_cut_short_is_dropped_and_done_again(tmp_path: Path) -> None:
    search(tmp_path, trials=6)
    before = contents(tmp_path, ("tuning",))
    (journal,) = (tmp_path / FOLDER).glob("*/trials.jsonl")
    journal.write_bytes(journal.read_bytes()[:-40])

    search(tmp_path, trials=6)

    assert contents(tmp_path, ("tuning",)) == before
    assert [trial["number"] for trial in kept(tmp_path)[0]] == list(range(6))


def test_no_trial_is_begun_after_its_minutes(tmp_path: Path) -> None:
    output = search(tmp_path, minutes=1e-9, trials=50)
    assert len(trials(output)) == 1

    again = search(tmp_path, minutes=1e-9, trials=50)
    assert len(trials(again)) == 1
    assert len(seen(tmp_path)) == 3

    assert len(trials(search(tmp_path, minutes=60.0, trials=3))) == 3


def test_workers_are_processes_and_decide_nothing(tmp_path: Path) -> None:
    def searched(name: str) -> Path:
        return search(tmp_path / name, workers=2, trials=7)

    one, other = searched("one"), searched("other")

    assert len({each["process"] for each in seen(tmp_path / "one")}) == 2
    assert trials(one) == trials(other)
    assert contents(tmp_path / "one", ("tuning",)) == contents(tmp_path / "other", ("tuning",))


def test_two_processes_do_not_make_the_same_search(tmp_path: Path) -> None:
    search(tmp_path, trials=1)
    (journal,) = (tmp_path / FOLDER).glob("*/trials.jsonl")
    waits, said = threading.Event(), list[str]()

    class Said(list[str]):
        def append(self, line: str) -> None:
            said.append(line)
            if line.startswith("another process makes the same search"):
                waits.set()

    other = threading.Thread(target=search, args=(tmp_path, Said()), kwargs={"trials": 3})
    with FileLock(journal.parent / "lock"):
        other.start()
        assert waits.wait(60)
        assert len(kept(tmp_path)[0]) == 1
    other.join(60)
    assert [trial["number"] for trial in kept(tmp_path)[0]] == [0, 1, 2]


def test_trials_are_scored_on_the_splits_folds(tmp_path: Path) -> None:
    frame = write_rows(tmp_path)
    parts = folds.stratified(np.linspace(0, 1, ROWS), np.zeros(ROWS, dtype=int), 5)
    tables.write(parts, tmp_path / "splits" / folds.FILE)

    output = search(tmp_path, trials=1)

    assert len(trials(output)[0]["folds"]) == 5
    for (learnt, _), each in zip(folds.positions(parts), seen(tmp_path), strict=True):
        assert each["x"] == frame["x"].iloc[learnt].tolist()


def test_trials_are_scored_on_later_rows_where_the_data_have_a_time(tmp_path: Path) -> None:
    frame = write_rows(tmp_path)
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["x"], unit="h")
    tables.write_frame(frame.assign(at=at), tmp_path / "splits" / "train.parquet")

    parse(Optuna, {"trials": 1}, where="x").tune(
        timed(context(tmp_path)),
        features=tmp_path / "features",
        splits=tmp_path / "splits",
        trainer=trainer(),
        output=tmp_path / "tuning",
    )

    learnt = [sorted(each["x"]) for each in seen(tmp_path)]
    assert learnt == [list(range(60)), list(range(120)), list(range(180))]


def test_features_that_lost_rows_are_refused(tmp_path: Path) -> None:
    frame = write_rows(tmp_path)
    tables.write_frame(frame.head(200), tmp_path / "features" / "train.parquet")

    with pytest.raises(DataError, match="have 200 training rows, and the split has 240"):
        search(tmp_path)


def test_observers_hear_of_each_complete_trial_once(tmp_path: Path) -> None:
    heard: list[tuple[str, float, int | None]] = []

    def tuned_with(count: int) -> None:
        optuna = parse(Optuna, {"trials": count}, where="x")
        given = context(tmp_path)
        object.__setattr__(given, "log_metric", lambda *each: heard.append(each))
        folder = {name: tmp_path / name for name in ("features", "splits")}
        optuna.tune(given, trainer=trainer(), output=tmp_path / "tuning", **folder)

    write_rows(tmp_path)
    tuned_with(2)
    tuned_with(4)

    complete = [t for t in trials(tmp_path / "tuning") if t["state"] == "complete"]
    assert heard == [("tune.r2", each["value"], each["number"]) for each in complete]


def test_a_trainer_can_be_sent_to_another_process() -> None:
    import pickle

    given = tuned_options.trainer(params_of(train={"name": "sklearn", "max_iter": 7}))
    sent: Trainer = pickle.loads(pickle.dumps(given))  # noqa: S301

    made: Any = sent.make({"max_leaf_nodes": 5})
    assert (made.max_iter, made.max_leaf_nodes) == (7, 5)
