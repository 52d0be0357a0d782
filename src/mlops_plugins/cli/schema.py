"""`mlops schema diff`: what changed between two versions of the team's schema."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import click

from mlops_plugins.api.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlops_plugins.artifacts.schema import Column, Schema


@dataclass(frozen=True)
class Change:
    """What happened to one column.

    Attributes:
        column: The column.
        kind: What happened.
        what: The same in words.
        breaks: Why a model that is deployed cannot go on with it; empty if it can.
    """

    column: str
    kind: Literal["added", "removed", "changed"]
    what: str
    breaks: str = ""


def difference(before: Schema, after: Schema) -> Iterator[Change]:
    """Compare two versions of a schema, column by column, in their order."""
    for name, column in before.columns.items():
        if name not in after.columns:
            breaks = _if_input(name, before, "the deployed model asks for it in each request")
            yield Change(name, "removed", f"removed ({_described(column)})", breaks)
        elif column != after.columns[name]:
            yield _change(name, column, after)
    for name, column in after.columns.items():
        if name not in before.columns:
            yield Change(name, "added", f"added ({_described(column)})")


def _if_input(name: str, schema: Schema, breaks: str) -> str:
    return breaks if name in schema.inputs else ""


def _described(column: Column) -> str:
    return f"{column.type}, {'nullable' if column.nullable else 'not nullable'}"


def _change(name: str, old: Column, after: Schema) -> Change:
    new, words, breaks = after.columns[name], [], ""
    if old.type != new.type:
        words.append(f"type {old.type} became {new.type}")
        breaks = f"the deployed model takes {old.type}"
    if old.nullable != new.nullable:
        words.append("may be null now" if new.nullable else "may not be null any more")
        if new.nullable:
            breaks = breaks or "the deployed model's service refuses nulls in it"
    words.extend(
        f"{key} {_told(getattr(old, key))} became {_told(getattr(new, key))}"
        for key in ("min", "max", "unique", "severity", "format", "unseen")
        if getattr(old, key) != getattr(new, key)
    )
    words.extend(_values(old, new))
    return Change(name, "changed", "; ".join(words), _if_input(name, after, breaks))


def _told(value: object) -> str:
    return (
        "(none)" if value is None else str(value).lower() if value in (True, False) else f"{value}"
    )


def _values(old: Column, new: Column) -> Iterator[str]:
    if old.values == new.values:
        return
    if old.values is None or new.values is None:
        yield "values are listed now" if old.values is None else "values are not listed any more"
        return
    gained = [str(value) for value in new.values if value not in old.values]
    lost = [str(value) for value in old.values if value not in new.values]
    if gained:
        yield f"values added: {', '.join(gained)}"
    if lost:
        yield f"values removed: {', '.join(lost)}"
    if not gained and not lost:
        yield "values in another order"


@click.group()
def schema() -> None:
    """Say how the team's schema.yaml changed."""


@schema.command("diff")
@click.argument("revision", default="HEAD")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_obj
def diff(root: Path, revision: str, *, as_json: bool) -> None:
    """Compare schema.yaml with that of REVISION (HEAD if not given).

    Exit 0 if nothing changed, 10 if something did, 20 if a deployed model cannot go on with it.
    """
    from mlops_plugins.api.paths import SCHEMA
    from mlops_plugins.artifacts import schema as schemas
    from mlops_plugins.config import params

    data = params.read(root).context(root, click.echo).data
    where = f"{SCHEMA} of {revision}"
    before = schemas.of_text(_content(root, revision), data, where=where)
    changes = list(difference(before, schemas.read(root / SCHEMA, data)))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in changes], indent=2, ensure_ascii=False))
    else:
        _show(changes, revision)
    if changes:
        breaking = any(each.breaks for each in changes)
        sys.exit(ExitCode.ALARM if breaking else ExitCode.DRIFT)


def _show(changes: list[Change], revision: str) -> None:
    if not changes:
        click.echo(f"schema.yaml is as in {revision}")
    for each in changes:
        click.echo(f"column '{each.column}': {each.what}")
        if each.breaks:
            click.echo(f"  breaks a deployed model: {each.breaks}; train and deploy again")


def _content(root: Path, revision: str) -> str:
    """Return the schema file as it was at a revision; empty if there was none.

    Raises:
        ConfigurationError: This is no git repository, or it has no such revision.
    """
    from mlops_plugins.api.paths import SCHEMA
    from mlops_plugins.artifacts import git

    return git.content(root, git.commit(root, revision), SCHEMA) or ""
