"""Train any classifier or regressor of scikit-learn by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mlops_plugins import estimators
from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context

CONF = "conf/train/estimator.yaml"


class Estimator(Component):
    """Any classifier or regressor of scikit-learn, with its own parameters."""

    renamed: ClassVar[Mapping[str, str]] = {"most_categories": "maximum_categories"}

    estimator: str = Field(
        "RandomForestClassifier", description="The class's name, as scikit-learn writes it."
    )
    parameters: dict[str, Any] = Field({}, description="Arguments of the class; the seed is given.")
    maximum_categories: int = Field(
        50,
        ge=2,
        description="Maximum number of one-hot columns of one category; of one with more values, "
        "each becomes the mean of the target in its rows.",
    )

    class_weight: estimators.ClassWeight = estimators.CLASS_WEIGHT
    monotonic: estimators.Monotonic = estimators.MONOTONIC

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Fit and write the pipeline."""
        from sklearn.pipeline import make_pipeline

        rows = estimators.read_training(context, features)
        columns = estimators.columns(
            rows.table, context, maximum_categories=self.maximum_categories
        )
        preprocessing = estimators.dense_preprocessing(
            columns, maximum_categories=self.maximum_categories
        )
        estimator = self._make(context)
        weight = estimators.row_weights(context, rows, self.class_weight, where=CONF)
        weights = {} if weight is None else {"sample_weight": weight}
        if weights:
            self._require_weights(estimator)
        values = preprocessing.fit_transform(rows.table, rows.target)
        monotone = estimators.constraints(
            context, self.monotonic, columns, first=0, width=values.shape[1], where=CONF
        )
        if monotone is not None:
            self._constrain(estimator, monotone)
        try:
            fitted = _fitted(estimator, context.threads, values, rows.target, **weights)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"{self.estimator} cannot learn with these parameters: {_one_line(error)}.",
                where=f"{CONF}: parameters",
                next_step="correct them there",
            ) from error
        for number, loss in enumerate(getattr(fitted, "loss_curve_", ()), start=1):
            context.log_metric("train_loss", float(loss), number)
        estimators.save(make_pipeline(preprocessing, fitted), output)

    def _require_weights(self, estimator: Any) -> None:
        from sklearn.utils.validation import has_fit_parameter

        if not has_fit_parameter(estimator, "sample_weight"):
            raise ConfigurationError(
                f"{self.estimator} takes no weights of rows or classes.",
                where=CONF if self.class_weight is None else f"{CONF}: class_weight",
                expected="null, and data.weight: null in conf/config.yaml",
                next_step="correct it there, or choose another estimator",
            )

    def _constrain(self, estimator: Any, monotone: list[int]) -> None:
        if "monotonic_cst" not in estimator.get_params():
            raise ConfigurationError(
                f"{self.estimator} takes no monotonic constraints.",
                where=f"{CONF}: monotonic",
                expected="{}, or an estimator with monotonic_cst, as RandomForest",
                next_step="correct it there",
            )
        estimator.set_params(monotonic_cst=monotone)

    def _make(self, context: Context) -> Any:
        from sklearn.utils import all_estimators

        kind = "regressor" if context.data.task == "regression" else "classifier"
        known = dict(all_estimators(type_filter=kind))
        if self.estimator not in known:
            raise ConfigurationError(
                f"scikit-learn has no {kind} '{self.estimator}'.{did_you_mean(self.estimator, known)}",
                where=f"{CONF}: estimator",
                expected=f"the name of a {kind}, as RandomForest{kind.title()}",
                next_step="correct it there",
            )
        try:
            estimator = known[self.estimator](**self.parameters)
        except TypeError as error:
            raise ConfigurationError(
                f"{self.estimator} does not take these parameters: {error}.",
                where=f"{CONF}: parameters",
                next_step="correct them there",
            ) from None
        if kind == "classifier" and not hasattr(estimator, "predict_proba"):
            raise ConfigurationError(
                f"{self.estimator} gives no probabilities.",
                where=f"{CONF}: estimator",
                expected="a classifier with predict_proba",
                next_step="choose another one",
            )
        seed = {"random_state": context.seed}
        return (
            estimator.set_params(**seed) if "random_state" in estimator.get_params() else estimator
        )

    def load(self, path: Path) -> estimators.SklearnPredictor:
        """Return the fitted pipeline."""
        return estimators.load(path)


def _fitted(estimator: Any, threads: int, *rows: Any, **weights: Any) -> Any:
    """Fit with so many threads, if it takes any, and let it predict with one.

    Threads do not change how a tree is drawn; but a prediction would add up the trees in the order
    in which threads end.
    """
    import warnings

    from threadpoolctl import threadpool_limits

    takes = "n_jobs" in estimator.get_params(deep=False)
    if takes and threads > 1 and estimator.n_jobs is None:
        estimator.set_params(n_jobs=threads)
    with warnings.catch_warnings(), threadpool_limits(threads):
        warnings.filterwarnings("ignore", "'n_jobs' has no effect", FutureWarning)
        estimator.fit(*rows, **weights)
    return estimator.set_params(n_jobs=None) if takes else estimator


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
