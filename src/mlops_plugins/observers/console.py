"""Progress on the terminal: an observer, and the smallest example of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.api.hookspecs import hookimpl

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.api.stage import Stage


@hookimpl
def mlops_before_stage(stage: Stage, name: str, context: Context) -> None:
    """Log that a stage starts."""
    context.log(f"{stage}: {name} ...")


@hookimpl
def mlops_after_stage(stage: Stage, context: Context, seconds: float) -> None:
    """Log that it is done, and how long it took."""
    context.log(f"{stage}: done in {seconds:.1f} s")
