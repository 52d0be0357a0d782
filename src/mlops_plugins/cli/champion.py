"""The commands `mlops promote`, `rollback`, `restore`, `history` and `why`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.cli.output import as_json, echo_json, log

if TYPE_CHECKING:
    from pathlib import Path

because = click.option("--because", default="", metavar="TEXT", help="The reason, in words.")


def _call(root: Path, method: str, **arguments: Any) -> Any:
    """Call a method of the project's registry.

    Raises:
        ConfigurationError: It has no such method.
    """
    from mlops_plugins.api.stage import Stage
    from mlops_plugins.runtime.jobs.project import Project

    project = Project(root, log)
    registry = project.component(Stage.REGISTER)
    if not hasattr(registry, method):
        name = project.params.section(Stage.REGISTER).name
        raise ConfigurationError(
            f"register/{name} has no '{method}': its author may do without.",
            where="conf/config.yaml: defaults: register",
            expected="a registry that has it, as register/mlflow and register/folder do",
            next_step="choose another, or write to its author",
        )
    return getattr(registry, method)(project.context, **arguments)


def _required_words(root: Path) -> list[str]:
    """Return the parts of the card that the team requires, as the last report says."""
    from mlops_plugins.api.paths import REPORT
    from mlops_plugins.artifacts import files

    content = files.read_json_if_any(root / REPORT / "card.json") or {}
    required: list[str] = content.get("required", [])
    return required


@click.command()
@click.argument("version")
@because
@click.pass_obj
def promote(root: Path, version: str, because: str) -> None:
    """Make a registered VERSION champion; say --because if its verdict was not `promote`."""
    from mlops_plugins.artifacts import card

    required = _required_words(root)
    missing = [part for part in card.read(root / card.FILE).missing(required) if part in required]
    card.require_complete(missing, then=f"mlops promote {version}")
    change = _call(root, "promote", version=version, because=because)
    click.echo(f"version {change.after} is champion, after {change.before or 'none'}")


@click.command()
@click.option("--to", "version", help="A former champion.", show_default="the one before")
@because
@click.pass_obj
def rollback(root: Path, version: str | None, because: str) -> None:
    """Make the previous champion, or a former one, champion again."""
    change = _call(root, "rollback", version=version, because=because)
    click.echo(f"version {change.after} is champion again, after {change.before}")


@click.command()
@click.option(
    "--at",
    "revision",
    default="HEAD",
    show_default=True,
    metavar="REVISION",
    help="Look at this commit, and those before it.",
)
@click.pass_obj
def restore(root: Path, revision: str) -> None:
    """Make the last promoted model of git's history champion, where the registry has none."""
    from mlops_plugins.runtime.jobs import restore as restore_job

    click.echo(restore_job.run(root, revision, log=log))


@click.command()
@as_json
@click.pass_obj
def history(root: Path, *, as_json: bool) -> None:
    """Show who made which version champion, when and why."""
    from mlops_plugins.cli import champion_history

    changes = _call(root, "history")
    if as_json:
        echo_json([champion_history.as_data(change) for change in changes])
    else:
        champion_history.show_history(changes)


@click.command()
@click.argument("version")
@as_json
@click.pass_obj
def why(root: Path, version: str, *, as_json: bool) -> None:
    """Show where VERSION (or `champion`) comes from: data, code, parameters, metrics, verdict."""
    from mlops_plugins.cli import champion_history

    found = dict(_call(root, "why", version=version))
    if as_json:
        echo_json(
            {**found, "history": [champion_history.as_data(change) for change in found["history"]]}
        )
    else:
        champion_history.show_version(found)


COMMANDS = (promote, rollback, restore, history, why)
