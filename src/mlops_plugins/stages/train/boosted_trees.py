"""What the trainers of boosted trees share: their options, and the way from rows to a model folder."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class BoostedTrees(Component):
    """A trainer of boosted trees; a subclass adds the options of its library, and fits."""

    renamed: ClassVar[Mapping[str, str]] = estimators.RENAMED_EARLY_STOPPING

    conf: ClassVar[str]
    """The file of the options, for errors."""

    trusted: ClassVar[tuple[str, ...]] = ()
    """Types of the library that a model file may hold."""

    learning_rate: float = Field(0.1, gt=0, description="Shrinkage of each tree's contribution.")
    early_stopping: estimators.EarlyStopping = estimators.EARLY_STOPPING
    class_weight: estimators.ClassWeight = estimators.CLASS_WEIGHT
    monotonic: estimators.Monotonic = estimators.MONOTONIC

    @property
    @abstractmethod
    def rounds(self) -> int:
        """Return the maximum number of rounds."""

    @abstractmethod
    def fit(
        self, context: Context, data: estimators.BoostingData, curves: estimators.Curves
    ) -> tuple[Any, int | None]:
        """Return the fitted trees, and the number of rounds that are kept; None for all.

        Args:
            context: The stage's context.
            data: The rows to learn from, and those that are held out.
            curves: Takes the losses after each round.
        """

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit the preprocessing and the trees, and write both."""
        data = estimators.prepare_boosting(
            context, features, self, self.preprocessing, where=self.conf
        )
        curves = estimators.Curves(context, self.rounds)
        trees, kept = self.fit(context, data, curves)
        curves.end(kept)
        self.save(data, trees, output)

    def preprocessing(self, columns: estimators.Columns) -> Any:
        """Return the transformer of the features.

        Its columns have no names: LightGBM refuses many.
        """
        return estimators.ordinal_preprocessing(columns)

    def save(self, data: estimators.BoostingData, trees: Any, output: Path) -> None:
        """Write the preprocessing and the trees as one pipeline."""
        from sklearn.pipeline import make_pipeline

        estimators.save(make_pipeline(data.preprocessing, trees), output, trusted=self.trusted)

    def load(self, path: Path) -> Any:
        """Return the fitted pipeline."""
        return estimators.load(path, trusted=self.trusted)
