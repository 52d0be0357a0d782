"""The gate's three outcomes, by models that learnt from real flights."""

from __future__ import annotations

import json
import shutil
from functools import cache, partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.artifacts import files, tables
from mlops_plugins.cli.app import main
from mlops_plugins.metrics import bootstrap, calibration, scoring, weighted
from mlops_plugins.stages.train.sklearn import GradientBoosting
from mlops_plugins.testing.artefacts import scratch
from tests.helpers.documentation import assert_shown
from tests.helpers.gating import (
    BALANCED,
    DELAYS,
    GOOD,
    LINEAR,
    NEIGHBOURS,
    SAME,
    WEAK,
    Gating,
    check,
    inverted,
    slices,
    train,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project

BY_CHANCE = "maybe by chance, as the interval reaches what is allowed"

TRAINERS = {
    "weak": WEAK,
    "good": GOOD,
    "linear": LINEAR,
    "same": SAME,
    "balanced": BALANCED,
    "neighbours": NEIGHBOURS,
}


@cache
def trained(name: str) -> Path:
    return train(scratch() / f"gate {name}", TRAINERS[name])


@cache
def unfair() -> Path:
    """Return a model that is as good as the others on the whole, and wrong about one carrier."""
    spoilt = partial(inverted, carrier="US")
    return train(scratch() / "gate unfair", GOOD, spoilt=spoilt)


@cache
def evaluated(model: str) -> Path:
    return Gating(scratch() / f"gate of {model}", trained(model)).evaluate().root


def gating(root: Path, model: str, champion: str | None = None) -> Gating:
    """Return a folder of one's own in which this model is gated."""
    shutil.copytree(evaluated(model), root, dirs_exist_ok=True)
    return Gating(root, trained(model), trained(champion) if champion else None)


def blocking(verdict: Any) -> set[str]:
    return {one["name"] for one in verdict["checks"] if one["outcome"] == "block"}


def test_a_first_model_is_promoted_with_every_reason(tmp_path: Path) -> None:
    verdict = gating(tmp_path, "good").decide()

    assert verdict["decision"] == "promote"
    assert verdict["champion"] is None
    assert "there is no champion yet" in verdict["reasons"]
    assert [one["name"] for one in verdict["checks"]] == [
        "model",
        "test rows",
        "metrics",
        "trivial baseline",
        "linear baseline",
        "calibration",
        "slices",
        "champion",
    ]


def test_a_worse_model_is_blocked(tmp_path: Path) -> None:
    verdict = gating(tmp_path, "weak", "good").decide()

    assert verdict["decision"] == "block"
    compared = check(verdict, "champion")
    assert compared["reason"].startswith("worse: roc_auc -0.0")
    assert compared["reason"] in verdict["reasons"]
    assert compared["numbers"]["high"] < 0


def test_an_equal_model_is_kept(tmp_path: Path) -> None:
    verdict = gating(tmp_path, "same", "linear").decide()

    assert verdict["decision"] == "keep"
    assert [reason.split(":")[0] for reason in verdict["reasons"]] == ["neither better nor worse"]
    numbers = check(verdict, "champion")["numbers"]
    assert numbers["low"] < 0 < numbers["high"]


def test_a_better_model_is_promoted(tmp_path: Path) -> None:
    verdict = gating(tmp_path, "good", "weak").decide()

    assert verdict["decision"] == "promote"
    assert verdict["champion"] == "3"
    numbers = check(verdict, "champion")["numbers"]
    assert 0 < numbers["low"] < numbers["value"] < numbers["high"]
    assert numbers["value"] == pytest.approx(numbers["ours"] - numbers["theirs"])


def test_the_champion_itself_is_kept(tmp_path: Path) -> None:
    verdict = gating(tmp_path, "good", "good").decide()

    assert verdict["decision"] == "keep"
    assert verdict["reasons"] == ["it is the champion already, version 3"]


def test_a_slice_that_got_worse_blocks_a_model_that_is_better_on_the_whole(tmp_path: Path) -> None:
    gated = Gating(tmp_path, unfair(), trained("weak")).evaluate()

    verdict = gated.decide()

    assert check(verdict, "champion")["outcome"] != "block"
    assert verdict["decision"] == "block"
    assert blocking(verdict) == {"champion: slices"}
    (reason,) = verdict["reasons"]
    assert "carrier = US (" in reason
    worse = check(verdict, "champion: slices")["numbers"]["slices"]
    assert worse[0]["slice"] == "carrier = US"
    assert max(one["high"] for one in worse) < -0.02
    assert gated.decide(slices={"tolerance": None})["decision"] != "block"


def test_the_more_slices_the_wider_their_intervals(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good", "weak")
    of_many = check(gated.decide(), "champion: slices")["numbers"]
    (worst,) = of_many["slices"]
    part = slices(gated.case)
    part["slices"] = [one for one in part["slices"] if one["label"] == worst["slice"]]
    files.write_json(gated.evaluation / "slices.json", part)
    (alone,) = check(gated.decide(), "champion: slices")["numbers"]["slices"]

    assert alone["value"] == worst["value"]
    quantiles = [NormalDist().inv_cdf(1 - 0.025 / count) for count in (of_many["compared"], 1)]
    widths = [one["high"] - one["low"] for one in (worst, alone)]
    assert widths[0] / widths[1] == pytest.approx(quantiles[0] / quantiles[1])


def test_a_slice_that_is_too_small_is_skipped_and_named_unless_the_team_asks(
    tmp_path: Path,
) -> None:
    gated = gating(tmp_path, "good", "weak")
    rare = min(slices(gated.case)["slices"], key=lambda one: one["rows"])

    skipped = check(gated.decide(), "champion: slices")
    assert rare["label"] in skipped["numbers"]["skipped"]

    asked = slices(gated.case, configured=rare["slice"]["value"])
    files.write_json(gated.evaluation / "slices.json", asked)
    verdict = gated.decide()
    assert rare["label"] not in check(verdict, "champion: slices")["numbers"].get("skipped", [])


def test_a_slice_below_its_floor_blocks(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good")
    part = slices(gated.case)
    part["slices"][2] |= {"value": 0.6, "interval": [0.5, 0.69]}
    part["slices"][3] |= {"value": 0.6, "interval": [0.5, 0.71]}
    files.write_json(gated.evaluation / "slices.json", part)

    assert gated.decide()["decision"] == "promote"
    verdict = gated.decide(slices={"min_value": 0.7})
    assert blocking(verdict) == {"slices"}
    assert part["slices"][2]["label"] in verdict["reasons"][0]
    assert part["slices"][3]["label"] not in verdict["reasons"][0]

    part["slices"][2]["interval"] = [0.5, 0.71]
    files.write_json(gated.evaluation / "slices.json", part)
    passed = check(gated.decide(slices={"min_value": 0.7}), "slices")
    assert passed["outcome"] == "pass"
    assert part["slices"][2]["label"] in passed["reason"]
    assert BY_CHANCE in passed["reason"]


def test_ruined_probabilities_block_a_model_that_ranks_as_well(tmp_path: Path) -> None:
    gated = gating(tmp_path, "balanced", "linear")

    verdict = gated.decide()

    assert check(verdict, "champion")["outcome"] == "keep"
    assert blocking(verdict) == {"champion: calibration"}
    assert verdict["reasons"][0].startswith("worse: calibration error +0.1")
    assert gated.decide(calibration={"tolerance": None})["decision"] == "keep"
    other_way = gating(tmp_path / "other way", "linear", "balanced").decide()
    assert other_way["decision"] == "keep"


@pytest.mark.parametrize(
    ("part", "decision", "by_chance"),
    [
        ({"error": 0.3, "low": 0.25, "high": 0.35}, "block", False),
        ({"error": 0.16, "low": 0.14, "high": 0.18}, "promote", True),
        ({"error": 0.14, "low": 0.12, "high": 0.18}, "promote", False),
    ],
)
def test_a_calibration_error_above_its_limit_blocks_or_is_said_to_be_maybe_by_chance(
    tmp_path: Path, part: dict[str, float], decision: str, *, by_chance: bool
) -> None:
    gated = gating(tmp_path, "good")
    files.write_json(gated.evaluation / "calibration.json", part)
    verdict = gated.decide()
    assert verdict["decision"] == decision
    assert (BY_CHANCE in check(verdict, "calibration")["reason"]) == by_chance
    assert gated.decide(calibration={"max_error": None})["decision"] == "promote"


def test_the_calibration_error_of_squared_scores_is_what_squaring_adds() -> None:
    chance = np.random.default_rng(0).uniform(size=50_000)
    target = (np.random.default_rng(1).uniform(size=50_000) < chance).astype(int)
    errors = [
        calibration.expected_error(score, target)(np.ones(len(target)))
        for score in (chance, chance**2)
    ]
    # The mean of p - p² over the unit interval is 1/6.
    assert errors == pytest.approx([0, 1 / 6], abs=0.01)


def test_a_slower_and_larger_model_blocks(tmp_path: Path) -> None:
    gated = gating(tmp_path, "neighbours", "linear")

    verdict = gated.decide(latency={"allowance_ms": 5.0}, size={"allowance_mb": 0.1})

    assert {"latency of 1,000 rows", "size"} <= blocking(verdict)
    slow = check(verdict, "latency of 1,000 rows")
    assert slow["reason"].startswith("slower: ")
    assert slow["numbers"]["value"] > 2
    assert check(verdict, "size")["numbers"]["ours_bytes"] == sum(
        item.stat().st_size for item in gated.model.rglob("*") if item.is_file()
    )
    # A difference that nobody feels does not block.
    felt = gated.decide(latency={"allowance_ms": 60_000.0}, size={"allowance_mb": 1000.0})
    assert not {"latency of 1,000 rows", "size"} & blocking(felt)
    off = gated.decide(latency={"max_ratio": None}, size={"max_ratio": None})
    assert not {"latency of 1 row", "latency of 1,000 rows", "size"} & {
        one["name"] for one in off["checks"]
    }


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good", "weak")
    written = []
    for _ in range(2):
        gated.decide()
        written.append(gated.output.read_bytes())
    assert written[0] == written[1]
    assert str(tmp_path).encode() not in written[0]


GAIN = {"value": 0.1, "low": 0.05, "high": 0.15}
BASELINES = {
    "a model worse than a linear one": (
        {"linear": {}, "gain": {"trivial": GAIN, "linear": {**GAIN, "low": -0.2, "high": -0.1}}},
        {"linear baseline"},
    ),
    "a model a little worse than a linear one": (
        {"linear": {}, "gain": {"trivial": GAIN, "linear": {**GAIN, "low": -0.04, "high": -0.01}}},
        set(),
    ),
    "a model as good as a linear one": (
        {"linear": {}, "gain": {"trivial": GAIN, "linear": {**GAIN, "low": -0.1}}},
        set(),
    ),
    "a model that is better than the trivial baseline by chance": (
        {"linear": {}, "gain": {"trivial": {**GAIN, "low": -0.01}, "linear": GAIN}},
        {"trivial baseline"},
    ),
    "no linear baseline": (
        {"linear": None, "linear_reason": "it did not converge", "gain": {"trivial": GAIN}},
        {"linear baseline"},
    ),
}


def few_rows(gated: Gating, *, late: int, punctual: int) -> None:
    """Let the evaluation have so many test rows of each class."""
    path = gated.evaluation / "predictions.parquet"
    rows = tables.read_frame(path)
    kept = [rows[rows["late"] == 1].head(late), rows[rows["late"] == 0].head(punctual)]
    tables.write_frame(pd.concat(kept), path)


@pytest.mark.parametrize(
    ("late", "punctual", "reason"),
    [
        (3, 13, "16 test rows: fewer than 20"),
        (4, 16, "20 test rows, 4 of the class 1: fewer than 5 of a class"),
        (0, 40, "40 test rows, 0 of the class 1: fewer than 5 of a class"),
        (5, 15, None),
    ],
)
def test_a_verdict_needs_enough_test_rows_in_all_and_of_each_class(
    tmp_path: Path, late: int, punctual: int, reason: str | None
) -> None:
    gated = gating(tmp_path, "good")
    few_rows(gated, late=late, punctual=punctual)

    verdict = gated.decide()

    if reason is None:
        assert verdict["decision"] == "promote"
    else:
        assert (blocking(verdict), verdict["reasons"]) == ({"test rows"}, [reason])
        enough = {"rows": late + punctual, "rows_of_a_class": max(late, 1)}
        assert bool(late) == (gated.decide(minimum=enough)["decision"] == "promote")


def test_a_column_that_carries_the_model_alone_is_named(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good")
    explanation = tmp_path / "explanation"
    explanation.mkdir()
    content = {"columns": [], "possible_leak": None}
    files.write_json(explanation / "importance.json", content)
    assert "importance" not in {one["name"] for one in gated.decide()["checks"]}

    content["possible_leak"] = "the model depends on 'boat' alone"
    files.write_json(explanation / "importance.json", content)
    verdict = gated.decide()
    assert verdict["decision"] == "promote"
    assert "possible leak: the model depends on 'boat' alone" in verdict["reasons"]

    (explanation / "importance.json").write_text("{")
    assert blocking(gated.decide()) == {"importance"}


@pytest.mark.parametrize("name", BASELINES)
def test_a_model_must_beat_the_baselines(tmp_path: Path, name: str) -> None:
    part, expected = BASELINES[name]
    gated = gating(tmp_path, "good")
    files.write_json(gated.evaluation / "baselines.json", part)

    verdict = gated.decide()

    assert blocking(verdict) == expected
    if part.get("linear_reason"):
        assert "it did not converge" in verdict["reasons"][0]
    assert blocking(gated.decide(baselines={"linear_tolerance": None})) == expected - {
        "linear baseline"
    }


def test_a_gain_below_its_least_blocks(tmp_path: Path) -> None:
    verdict = gating(tmp_path, "good").decide(baselines={"min_gain": 0.45})
    assert blocking(verdict) == {"trivial baseline"}
    assert verdict["reasons"][0].endswith("gain below 0.45")


def test_limits_block_and_an_unknown_metric_is_the_users_mistake(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good")
    assert gated.decide(floors={"roc_auc": 0.99})["reasons"][0].endswith("< 0.99")
    assert gated.decide(ceilings={"log_loss": 0.01})["reasons"][0].endswith("> 0.01")
    met = gated.decide(floors={"roc_auc": 0.7}, ceilings={"log_loss": 0.6})
    assert met["decision"] == "promote"
    with pytest.raises(ConfigurationError, match="Did you mean 'roc_auc'"):
        gated.decide(floors={"roc_acu": 0.7})


def test_an_evaluation_of_another_maker_needs_only_what_is_required(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good")
    summary = files.read_json(gated.evaluation / "summary.json")
    for part in summary.values():
        del part["linear"]
    files.write_json(gated.evaluation / "summary.json", summary)
    for name in ("baselines", "calibration", "slices"):
        (gated.evaluation / f"{name}.json").unlink()

    assert gated.decide()["decision"] == "promote"
    for name in ("baselines", "calibration", "slices"):
        verdict = gated.decide(required=[name])
        assert verdict["decision"] == "block"
        assert f"{name}.json is missing" in verdict["reasons"][0]


def test_numbers_are_judged_as_classes_are(tmp_path: Path) -> None:
    weak = train(tmp_path / "weak", GradientBoosting(max_iter=2), case=DELAYS)
    good = train(tmp_path / "good", GradientBoosting(max_iter=20), case=DELAYS)
    better = (
        Gating(tmp_path / "better", good, weak, DELAYS)
        .evaluate()
        .decide(baselines={"min_gain": 0.0})
    )
    worse = (
        Gating(tmp_path / "worse", weak, good, DELAYS)
        .evaluate()
        .decide(baselines={"min_gain": 0.0})
    )

    assert (better["decision"], worse["decision"]) == ("promote", "block")
    assert check(better, "champion")["reason"].startswith("better: r2 +0.")
    assert not [one for one in better["checks"] if "calibration" in one["name"]]


def test_rows_that_trained_the_champion_are_told(tmp_path: Path) -> None:
    gated = gating(tmp_path, "good", "weak")
    assert check(gated.decide(), "champion")["numbers"]["rows_that_trained_the_champion"] == 0

    current = gated.registered()
    assert current is not None

    def fetch(folder: Path) -> Path:
        current.fetch(folder)
        reference = folder / "reference.parquet"
        tables.write_frame(tables.read_frame(reference).iloc[300:], reference)
        return folder

    told = gated.decide(registry=lambda: type(current)(**{**vars(current), "fetch": fetch}))
    compared = check(told, "champion")
    assert compared["numbers"]["rows_that_trained_the_champion"] == 300
    assert "of which 300 seem to have trained the champion" in compared["reason"]


def _ties(task: str, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    if task == "regression":
        target = generator.normal(1e6, 1, rows)
        return target, target + generator.normal(0, 1, rows)
    classes = 2 if task == "binary" else 4
    raw = generator.integers(1, 4, (rows, classes)).astype(float)
    # The last of four classes is predicted and never true.
    return generator.integers(0, min(classes, 3), rows), raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("task", scoring.PRIMARY)
def test_the_counted_metric_is_the_one_of_the_evaluation(task: Any) -> None:
    target, scores = _ties(task)
    ours = weighted.primary(task, target, scores)
    theirs = scoring.functions(task)[scoring.PRIMARY[task]]
    for rows in bootstrap.resampled_rows(len(target), resamples=20, seed=1):
        counts = np.bincount(rows, minlength=len(target)).astype(float)
        assert ours(counts) == pytest.approx(theirs(target[rows], scores[rows]), abs=1e-9)


def command(root: Path, *arguments: str) -> Any:
    return CliRunner().invoke(main, ["--project", str(root), "gate", *arguments])


def test_the_command_shows_reasons_and_every_check(tmp_path: Path) -> None:
    gated = gating(tmp_path / "gated", "weak", "good")
    verdict = gated.decide()
    (tmp_path / "reports").mkdir()
    shutil.copyfile(gated.output, tmp_path / "reports/verdict.json")

    shown, plain = command(tmp_path), command(tmp_path, "--json")

    assert shown.exit_code == plain.exit_code == 6
    lines = shown.stdout.splitlines()
    assert lines[0] == "block"
    assert lines[1].startswith("  - worse: roc_auc ")
    (row,) = [line for line in lines if line.startswith("champion ")]
    assert "block" in row
    assert len([line for line in lines if " pass " in line]) == len(
        [one for one in verdict["checks"] if one["outcome"] == "pass"]
    )
    assert json.loads(plain.stdout) == verdict


def test_the_command_shows_a_verdict_without_checks_and_refuses_a_corrupt_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "reports/verdict.json"
    files.write_json(path, {"decision": "keep", "reasons": ["it is so"]})
    shown = command(tmp_path)
    assert (shown.exit_code, shown.stdout) == (0, "keep\n  - it is so\n")
    for text in ("", "[]", "{}", "{"):
        path.write_text(text)
        refused = command(tmp_path)
        assert refused.exit_code == 5
        assert "The verdict is corrupt." in refused.stderr


@pytest.mark.slow
def test_the_guide_to_the_gate_shows_what_is_printed(project: Project) -> None:
    assert_shown(project, "how-to/gate.md")
