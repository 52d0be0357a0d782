"""Splits: at random, in proportion, by group, by time, as a column says. They need Arrow only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.plugins.splits.chance import Group, Random, Stratified
from mlops_plugins.plugins.splits.given import Column
from mlops_plugins.plugins.splits.newest import Time
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Column", "Group", "Random", "Stratified", "Time"]


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the splits."""
    for name, attribute, summary in (
        ("time", "Time", "The last rows in time judge"),
        ("random", "Random", "Rows at random judge"),
        ("stratified", "Stratified", "Rows at random judge, each class in proportion"),
        ("group", "Group", "Groups at random judge, each whole"),
        ("column", "Column", "A column says which rows train and which judge"),
    ):
        yield Implementation(
            stage=Stage.SPLIT,
            name=name,
            target=f"mlops_plugins.plugins.splits:{attribute}",
            summary=summary,
            cache_version=2,
        )
