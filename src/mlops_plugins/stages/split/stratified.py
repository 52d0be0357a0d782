"""A split at random in which each class keeps its share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.stages.split.random import Random

if TYPE_CHECKING:
    import numpy as np

    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.split.rows import Rows


class Stratified(Random):
    """Holds out a share of each class by such a hash; a class of two rows or more is in both sets."""

    def _classes(self, context: Context, rows: Rows, keys: np.ndarray) -> np.ndarray:
        if context.data.task == "regression":
            raise ConfigurationError(
                "A stratified split needs classes, and the target is a number.",
                where="conf/config.yaml: split: stratified",
                expected="random, group, time or column",
                next_step="choose another split there: `split: random`",
            )
        encoded = rows.column(context.data.target).dictionary_encode()
        codes: np.ndarray = encoded.indices.to_numpy(zero_copy_only=False)
        return codes
