"""Telling the observers what happens to a stage."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import ConfigurationError, ObserverError, did_you_mean
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.context import Context


def required(whole: Mapping[str, Any]) -> list[str]:
    """Return the observers without which nothing may run.

    Args:
        whole: The composed parameters; `observers.required` names plugins.

    Raises:
        ConfigurationError: One of them is not installed, or broken.
    """
    names: list[str] = whole.get("observers", {}).get("required", [])
    known = {plugin.name for plugin, _ in plugin_manager().observers()}
    for name in names:
        if name not in known:
            broken = [str(each) for each in plugin_manager().broken if each.plugin.name == name]
            raise ConfigurationError(
                f"The required observer '{name}' is not there"
                + (f": {broken[0]}." if broken else f".{did_you_mean(name, known)}"),
                where="conf/config.yaml: observers.required",
                expected="one of " + ", ".join(sorted(known)),
                next_step="install it, or take it from the list there",
            )
    return names


class Observers:
    """The observers of one stage or job.

    Each is called although another fails; a failure is said, and only a required one's is an error.
    """

    def __init__(self, whole: Mapping[str, Any], context: Context) -> None:
        self._required = required(whole)
        self._context = context

    def tell(self, event: str, **arguments: Any) -> None:
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
                    next_step="mend what it needs, or take it from the list there",
                ) from failure.error


class observed:  # noqa: N801  reads as a verb where it is used
    """Tell the observers what happens to a stage; turn a missing library into a clear error."""

    def __init__(self, stage: Stage, whole: Mapping[str, Any], context: Context) -> None:
        self._observers = Observers(whole, context)
        self._what = {"stage": stage, "name": whole[stage]["name"]}
        self._context = replace(context, log_metric=self._measured)

    def __enter__(self) -> Context:
        """Return the context to run the stage with: it tells the observers each metric."""
        self._started = time.monotonic()
        self._observers.tell("mlops_before_stage", **self._what)
        return self._context

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._succeeded()
            return
        try:
            self._observers.tell("mlops_on_error", **self._what, error=error)
        except ObserverError as another:
            self._context.log(f"warning: {another.what}")  # the stage's own error says more
        if isinstance(error, ImportError):
            stage, name = Stage(self._what["stage"]), self._what["name"]
            raise plugin_manager().not_installed(stage, name, error) from error

    def _succeeded(self) -> None:
        seconds = time.monotonic() - self._started
        metrics = self._metrics()
        for metric, value in metrics.items():
            self._measured(metric, value)
        self._observers.tell("mlops_after_stage", **self._what, seconds=seconds, metrics=metrics)

    def _measured(self, metric: str, value: float, step: int | None = None) -> None:
        self._observers.tell("mlops_on_metric", **self._what, metric=metric, value=value, step=step)

    def _metrics(self) -> dict[str, float]:
        outputs = CONTRACTS[Stage(self._what["stage"])].outputs
        if "metrics" not in outputs:
            return {}
        measured = files.read_json(self._context.root / outputs["metrics"])
        return {
            name: float(value)
            for name, value in measured.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
