"""`mlops plugins check`: the conformance suite, without pytest."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.api.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_plugins.testing import Check


@dataclass(frozen=True)
class Result:
    """A check that was run; `why` says how it failed, and is empty if it passed."""

    subject: str
    check: str
    why: str


def run(which: str, overrides: Sequence[str], *, quiet: bool) -> list[Result]:
    """Run every check of a plugin, and say each result as it comes unless `quiet`.

    Raises:
        ConfigurationError: There is no such plugin, or an override cannot be read.
    """
    from mlops_plugins.testing import checks

    results = []
    for check in checks(which, options=_options(overrides)):
        results.append(Result(check.subject, check.name, _failure(check)))
        if not quiet:
            _say(check, results[-1].why)
    if not quiet:
        passed = sum(not result.why for result in results)
        click.echo(f"\n{passed} of {len(results)} checks passed")
    return results


def _failure(check: Check) -> str:
    from mlops_plugins.testing import ConformanceError

    with tempfile.TemporaryDirectory(prefix="mlops-check-") as folder:
        try:
            check(Path(folder))
        except ConformanceError as error:
            return str(error)
    return ""


def _say(check: Check, failure: str) -> None:
    mark = click.style("failed", fg="red") if failure else click.style("passed", fg="green")
    click.echo(f"{mark}  {check}")
    for line in failure.splitlines():
        click.echo(f"        {line}")


def _options(overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    from ruamel.yaml import YAML

    found: dict[str, dict[str, Any]] = {}
    for override in overrides:
        key, given, value = override.partition("=")
        subject, dot, option = key.partition(".")
        if not (given and dot and "/" in subject):
            raise ConfigurationError(
                f"'{override}' sets no option.",
                where="-S",
                expected="STAGE/NAME.OPTION=VALUE, as in train/acme.rounds=5",
                next_step="correct it",
            )
        found.setdefault(subject, {})[option] = YAML(typ="safe").load(value)
    return found
