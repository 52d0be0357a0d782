"""Options that group others, and options under their former names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from mlops_plugins import Component, ConfigurationError, Field
from mlops_plugins.api.component import defaults, parse, to_yaml, with_present_names

if TYPE_CHECKING:
    from collections.abc import Mapping


class Stop(BaseModel):
    """A group of options."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rounds: int | None = Field(10, ge=1)
    maximum_rows: int | None = None


class Trees(Component):
    """A trainer whose options were renamed."""

    renamed: ClassVar[Mapping[str, str]] = {
        "stop": "stop.rounds",
        "stop_rows": "stop.maximum_rows",
        "most_depth": "maximum_depth",
    }

    stop: Stop = Field(Stop(), description="When to stop.")
    maximum_depth: int = Field(3, description="Maximum depth.")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (10, None)),
        ({"stop": 5}, (5, None)),
        ({"stop": None}, (None, None)),
        ({"stop": {"rounds": 5}}, (5, None)),
        ({"stop": {"maximum_rows": 7}}, (10, 7)),
        ({"stop": 5, "stop_rows": 7}, (5, 7)),
        ({"stop": {"maximum_rows": 7}, "stop_rows": 9}, (10, 7)),
    ],
)
def test_a_group_takes_the_former_options(
    values: dict[str, Any], expected: tuple[int | None, int | None]
) -> None:
    stop = parse(Trees, values, where="conf").stop
    assert (stop.rounds, stop.maximum_rows) == expected


def test_each_former_name_has_a_notice_and_a_group_has_none() -> None:
    values, notices = with_present_names(Trees, {"stop": 5, "most_depth": 2})
    assert values == {"stop": {"rounds": 5}, "maximum_depth": 2}
    assert notices == [
        "'stop' is called 'stop.rounds' now",
        "'most_depth' is called 'maximum_depth' now",
    ]
    assert with_present_names(Trees, values) == (values, [])


def test_a_wrong_value_below_a_group_is_named_by_its_path() -> None:
    with pytest.raises(ConfigurationError, match=r"'stop\.rounds' is 0") as refused:
        parse(Trees, {"stop": 0}, where="conf/train/trees.yaml")
    assert refused.value.where == "conf/train/trees.yaml: stop.rounds"


def test_a_groups_default_is_a_mapping() -> None:
    assert defaults(Trees)["stop"] == {"rounds": 10, "maximum_rows": None}
    assert "stop:\n  rounds: 10\n  maximum_rows:\n" in to_yaml("train", "trees", Trees, "Trees")
