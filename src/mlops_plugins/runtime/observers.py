"""Calling the observers of a stage or job."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ObserverError
from mlops_plugins.api.stage import named
from mlops_plugins.artifacts import files
from mlops_plugins.manager.failures import attributed
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.api.context import Context
    from mlops_plugins.config.params import Params


class Observers:
    """The observers of one stage or job.

    Each is called although another fails; a failure is logged, and only a required one's is an error.
    """

    def __init__(self, params: Params, context: Context) -> None:
        self._required = params.required_observers()
        self._context = context

    def call(self, event: str, **arguments: Any) -> None:
        """Call every observer of `event`.

        Raises:
            ObserverError: A required one failed.
        """
        failures = plugin_manager().observe(event, context=self._context, **arguments)
        for failure in failures:
            self._context.log(f"warning: {failure}")
        for failure in failures:
            if failure.plugin.name in self._required:
                raise ObserverError(
                    f"The required {failure}.",
                    where=f"conf/config.yaml: observers.required: {failure.plugin.name}",
                    next_step="repair what it needs, or take it from the list there",
                ) from failure.error


@contextmanager
def observed(stage: str, params: Params, context: Context) -> Iterator[Context]:
    """Call the observers before and after a stage, of its metrics and of its error.

    Gives the context to run the stage with: it passes each metric on to the observers.

    Raises:
        ConfigurationError: The stage needs a library that is not installed.
        PluginError: A plugin's implementation raised an error of another kind, or ended the process.
        MlopsError: A built-in one did.
    """
    observers = Observers(params, context)
    what: dict[str, Any] = {"stage": named(stage), "name": params.section(stage).name}

    def log_metric(metric: str, value: float, step: int | None = None) -> None:
        observers.call("mlops_on_metric", **what, metric=metric, value=value, step=step)

    started = time.monotonic()
    observers.call("mlops_before_stage", **what)
    with attributed(params.registered(stage), context.root):
        try:
            yield replace(context, log_metric=log_metric)
        except BaseException as error:
            _report(observers, context, error, what)
            raise
    seconds, metrics = time.monotonic() - started, _metrics(stage, context)
    for metric, value in metrics.items():
        log_metric(metric, value)
    observers.call("mlops_after_stage", **what, seconds=seconds, metrics=metrics)


def _report(
    observers: Observers, context: Context, error: BaseException, what: dict[str, Any]
) -> None:
    try:
        observers.call("mlops_on_error", **what, error=error)
    except ObserverError as another:
        context.log(f"warning: {another.what}")  # the stage's own error says more


def _metrics(stage: str, context: Context) -> dict[str, float]:
    """Return the numbers among the outputs that the stage's contract calls metrics."""
    contract = plugin_manager().contract(stage)
    return {
        name: float(value)
        for output in sorted(contract.metrics)
        for name, value in files.read_json(context.root / contract.outputs[output]).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
