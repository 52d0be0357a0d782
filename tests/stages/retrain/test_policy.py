"""When the monitor's reports call for a new model."""

from __future__ import annotations

import json

import pytest

from mlops_plugins.api.component import parse
from mlops_plugins.api.context import Context, Data
from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.stages.retrain.policy import Policy


def report(status, data="ok", performance="ok"):
    return {
        "status": status,
        "reasons": [f"because of {status}"],
        "data_quality": {"status": data},
        "performance": {"status": performance},
    }


OK = report("ok")
DRIFT = report("drift")
WORSE = report("alarm", performance="alarm")
BROKEN = report("alarm", data="alarm")
BROKEN_AND_WORSE = report("alarm", data="alarm", performance="alarm")
FEW = report("insufficient_data", "insufficient_data", "insufficient_data")
FOREIGN = {"status": "drift"}


def decide(tmp_path, reports, **options):
    data = Data(task="binary", target="late")
    context = Context(root=tmp_path, project="p", data=data, seed=42, threads=1, log=lambda _: None)
    return Policy(**options).retrain(context, reports=reports)


@pytest.mark.parametrize(
    ("options", "reports", "expected"),
    [
        ({}, [], False),
        ({}, [OK], False),
        ({}, [DRIFT], True),
        ({}, [WORSE], True),
        ({}, [FOREIGN], True),
        ({}, [BROKEN], False),
        ({}, [BROKEN_AND_WORSE], False),
        ({}, [DRIFT, BROKEN], False),
        ({}, [BROKEN, DRIFT], True),
        ({}, [FEW], False),
        ({}, [DRIFT, OK], False),
        ({}, [DRIFT, FEW], False),
        ({"violations": 2}, [DRIFT], False),
        ({"violations": 2}, [DRIFT, DRIFT], True),
        ({"violations": 2}, [WORSE, OK, DRIFT], True),
        ({"violations": 2}, [BROKEN, OK, DRIFT], False),
        ({"violations": 2}, [DRIFT, OK, OK, DRIFT], False),
        ({"violations": 2, "windows": 4}, [DRIFT, OK, OK, DRIFT], True),
        ({"violations": 3}, [DRIFT, DRIFT, DRIFT], True),
    ],
)
def test_the_decision(tmp_path, options, reports, expected):
    assert decide(tmp_path, reports, **options).retrain is expected


def test_without_a_report_it_says_how_to_get_one(tmp_path):
    assert "mlops monitor" in decide(tmp_path, []).reason


def test_broken_data_are_the_reason_and_are_to_be_repaired(tmp_path):
    reason = decide(tmp_path, [DRIFT, BROKEN_AND_WORSE]).reason
    assert reason == "the newest data are broken; repair them first (because of alarm)"


def test_the_reason_counts_what_was_found(tmp_path):
    assert decide(tmp_path, [OK, DRIFT, WORSE]).reason == (
        "2 of the last 3 windows show drift or lost performance (because of alarm)"
    )
    assert decide(tmp_path, [OK, DRIFT], violations=2).reason == (
        "1 of the last 2 windows show drift or lost performance; 2 are needed"
    )


def test_it_changes_nothing_and_decides_the_same_again(tmp_path):
    reports = [DRIFT, OK, WORSE]
    before = json.dumps(reports)
    assert decide(tmp_path, reports) == decide(tmp_path, reports)
    assert json.dumps(reports) == before
    assert list(tmp_path.iterdir()) == []


def test_a_year_of_weeks_retrains_only_while_drift_lasts(tmp_path):
    weeks = [DRIFT if week in {5, 20, 21, 22, 40, 41} else OK for week in range(52)]
    dates = [
        week for week in range(52) if decide(tmp_path, weeks[: week + 1], violations=2).retrain
    ]
    assert dates == [21, 22, 41]


def test_a_policy_that_can_never_retrain_is_refused():
    with pytest.raises(ConfigurationError, match="'violations' is 5"):
        parse(Policy, {"windows": 3, "violations": 5}, where="retrain in params.yaml")
