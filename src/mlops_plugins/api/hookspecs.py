"""The hooks that a plugin may implement; each example can be pasted into a plugin's module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from mlops_plugins.api.deprecation import Deprecated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.notify import Alert
    from mlops_plugins.api.spec import ComponentSpec
    from mlops_plugins.api.stage import Contract

GROUP = "mlops_plugins"
"""The entry-point group in which every plugin, built-in or not, names its module."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """Two hooks offer implementations and stages; the others observe stages as they run."""

    @hookspec
    def mlops_implementations(self) -> Iterable[ComponentSpec]:  # type: ignore[empty-body]
        """Offer implementations of stages.

        Keep this module light: name heavy code in `target`, and it is imported when chosen.

        Example:
            @hookimpl
            def mlops_implementations():
                yield ComponentSpec(
                    stage=Stage.TRAIN,
                    name="acme-gbm",
                    target="acme_ml.gbm:Gbm",
                    summary="Acme's boosted trees",
                    libraries=("acme-gbm-core",),
                )
        """

    @hookspec
    def mlops_stages(self) -> Iterable[Contract]:  # type: ignore[empty-body]
        """Add stages to the pipeline, each after one that is there.

        What it writes is read by later stages in the place of what it `replaces`.

        Example:
            @hookimpl
            def mlops_stages():
                yield Contract(
                    stage="augment",
                    after="features",
                    inputs={"features": "data/features"},
                    outputs={"output": "data/augmented"},
                    replaces={"output": "data/features"},
                    parameters=("data", "seed"),
                )
        """

    @hookspec
    def mlops_before_stage(self, stage: str, name: str, context: Context) -> None:
        """Observe that an implementation is about to run.

        Example:
            @hookimpl
            def mlops_before_stage(stage, name, context):
                context.log(f"about to run {stage} by {name}")
        """

    @hookspec
    def mlops_on_metric(
        self,
        stage: str,
        name: str,
        context: Context,
        metric: str,
        value: float,
        step: int | None,
    ) -> None:
        """Observe a metric: as the work goes on, with its step, and at its end, without one.

        Example:
            @hookimpl
            def mlops_on_metric(stage, metric, value, step):
                statsd.gauge(f"mlops.{stage}.{metric}", value)
        """

    @hookspec(
        warn_on_impl_args={
            "metrics": Deprecated(
                "its hook 'mlops_after_stage' takes 'metrics'",
                instead="implement 'mlops_on_metric'",
            )
        }
    )
    def mlops_after_stage(
        self,
        stage: str,
        name: str,
        context: Context,
        seconds: float,
        metrics: Mapping[str, float],
    ) -> None:
        """Observe that a stage succeeded, and how long it took (seconds).

        Example:
            @hookimpl
            def mlops_after_stage(stage, seconds):
                statsd.timing(f"mlops.{stage}", seconds * 1000)
        """

    @hookspec
    def mlops_on_error(self, stage: str, name: str, context: Context, error: BaseException) -> None:
        """Observe that a stage failed.

        Example:
            @hookimpl
            def mlops_on_error(stage, error):
                sentry_sdk.capture_exception(error)
        """

    @hookspec
    def mlops_on_alert(self, context: Context, alert: Alert) -> None:
        """Observe an alert, beside the notifier that `notify:` chooses.

        Example:
            @hookimpl
            def mlops_on_alert(alert):
                pagerduty.trigger(alert.title)
        """
