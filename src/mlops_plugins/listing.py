"""What `mlops plugins` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_plugins import params
from mlops_plugins.errors import ConfigurationError, did_you_mean
from mlops_plugins.options import defaults, to_yaml
from mlops_plugins.registry import registry
from mlops_plugins.stages import Stage

if TYPE_CHECKING:
    from pathlib import Path


def show(root: Path) -> None:
    """Print a table of all implementations, the chosen ones marked, and what is broken."""
    from rich.console import Console
    from rich.table import Table

    chosen = _chosen(root)
    table = Table("stage", "name", "", "summary", "from", box=None, header_style="bold")
    for offer in registry().offers():
        offered = offer.implementation
        mark = "chosen" if chosen.get(offered.stage) == offered.name else ""
        owner = f"{offer.distribution} {offer.version}"
        table.add_row(offered.stage, offered.name, mark, offered.summary, owner)
    Console().print(table)
    for broken in registry().broken:
        click.echo(f"not loaded: {broken}", err=True)


def _chosen(root: Path) -> dict[Stage, str]:
    if not (root / params.FILE).exists():
        return {}
    whole = params.read(root)
    return {stage: whole[stage]["name"] for stage in Stage if stage in whole}


def show_one(implementation: str, *, as_yaml: bool) -> None:
    """Print one implementation's options.

    Raises:
        ConfigurationError: There is no such implementation.
    """
    stage_name, _, name = implementation.partition("/")
    if stage_name not in set(Stage):
        raise ConfigurationError(
            f"There is no stage '{stage_name}'.{did_you_mean(stage_name, Stage)}",
            expected="STAGE/NAME, as in train/sklearn",
            next_step="mlops plugins",
        )
    stage = Stage(stage_name)
    offer = registry().find(stage, name)
    options = registry().load(stage, name)
    if as_yaml:
        click.echo(to_yaml(name, options, offer.implementation.summary), nl=False)
        return
    click.echo(f"{offer}: {offer.implementation.summary}")
    for key, value in defaults(options).items():
        click.echo(f"  {key} = {value!r}  {options.model_fields[key].description or ''}")
