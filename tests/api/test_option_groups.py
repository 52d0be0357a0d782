"""Options that belong together: read, refused, written and renamed as single ones are."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import pytest

from mlops_plugins.api.component import Component, Field, OptionGroup, parse, to_yaml
from mlops_plugins.api.errors import ConfigurationError


class Limits(OptionGroup):
    depth: int = Field(3, ge=1, description="Maximum depth.")
    rows: int | None = Field(None, description="Minimum rows of a leaf.")


class Trees(Component):
    """Grows trees."""

    renamed: ClassVar = {"most_depth": "limits.depth"}

    limits: Limits = Field(Limits(), description="Limits of a tree.")


YAML = """\
# yaml-language-server: $schema=../../.mlops/schemas/train/trees.json
# Trees
name: trees

# Limits of a tree.
limits:
  # Maximum depth.
  depth: 3
  # Minimum rows of a leaf.
  rows:
"""


def test_a_group_is_written_with_the_description_of_each_option() -> None:
    assert to_yaml("train", "trees", Trees, "Trees") == YAML


@pytest.mark.parametrize(
    ("values", "what", "expected"),
    [
        (
            {"limits": {"dept": 2}},
            "There is no option 'limits.dept'. Did you mean 'depth'?",
            "one of depth, rows",
        ),
        (
            {"limits": {"depth": 0}},
            "The option 'limits.depth' is 0: input should be greater than or equal to 1.",
            "int: Maximum depth.",
        ),
        ({"limits": 2}, "The option 'limits' is 2: ", "Limits: Limits of a tree."),
    ],
)
def test_a_mistake_in_a_group_is_named(values: dict[str, Any], what: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(Trees, values, where="params.yaml: train")
    assert caught.value.what.startswith(what)
    assert caught.value.expected == expected


@pytest.mark.parametrize(
    ("implementation", "former", "present"),
    [
        (
            "evaluate.metrics:Metrics",
            {"threshold": 0.3, "slices": ["a"], "min_rows": 9},
            {
                "decision": {"threshold": 0.3},
                "slicing": {"columns": ["a"], "min_rows": 9},
            },
        ),
        (
            "gate.champion:Gatekeeper",
            {"slice_floor": 0.7, "max_size_ratio": None, "demanded": ["slices"]},
            {"slices": {"min_value": 0.7}, "size": {"max_ratio": None}, "required": ["slices"]},
        ),
        (
            "monitor.drift:DriftMonitor",
            {"alpha": 0.05, "max_drop": 0.1},
            {"drift": {"alpha": 0.05}, "performance": {"max_drop": 0.1}},
        ),
    ],
)
def test_options_that_were_grouped_keep_their_former_names(
    implementation: str, former: dict[str, Any], present: dict[str, Any]
) -> None:
    module, name = implementation.split(":")
    options = getattr(import_module(f"mlops_plugins.stages.{module}"), name)
    assert parse(options, former, where="conf") == parse(options, present, where="conf")
