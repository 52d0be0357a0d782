"""A project's conf/ that was written before options had their present names goes on working."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow

EVALUATE = """\
name: metrics
resamples: 20
threshold: 0.4
choose_threshold: cost
least: 0.7
find_slices: false
min_rows: 30
"""


def test_former_options_compose_to_the_present_ones_and_are_named(
    fresh: Callable[..., Project],
) -> None:
    project = fresh()
    project.write("conf/evaluate/metrics.yaml", EVALUATE)

    said = project.mlops("compose").stderr

    where = "warning: conf/evaluate/metrics.yaml: "
    assert f"{where}'least' is called 'decision.minimum' now" in said
    assert f"{where}'min_rows' is called 'slicing.min_rows' now" in said
    composed = YAML(typ="safe").load(project.read("params.yaml"))["evaluate"]
    assert composed["decision"] == {"threshold": 0.4, "choose": "cost", "minimum": 0.7}
    assert composed["slicing"] == {"search": False, "min_rows": 30}
    assert project.mlops("compose", "--check").returncode == 0

    why = project.mlops("plugins", "why", "evaluate").stdout
    assert "decision.minimum = 0.7" in why
    assert "conf/evaluate/metrics.yaml, line 5" in why
    assert "decision.missed_cost = 1.0" in why
