"""Whether what an implementation needs is installed, by metadata alone: nothing is imported."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata, util
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.api.spec import ComponentSpec


def missing(implementation: ComponentSpec) -> list[str]:
    """Return the requirements of an implementation that this environment does not meet.

    They are those of its extra, and the libraries that it declares as affecting results.
    """
    unmet = list(_unmet(implementation.extra, set())) if implementation.extra else []
    named = {canonicalize_name(Requirement(each).name) for each in unmet}
    others = [name for name in implementation.libraries if canonicalize_name(name) not in named]
    return [*unmet, *(name for name in others if _version(name) is None)]


def absent(implementation: ComponentSpec) -> list[str]:
    """Return the libraries of an implementation that are not here under any name, of any version.

    `xgboost` serves where `xgboost-cpu` is declared, so what can be imported by a name's first word,
    or by the name, is not absent.
    """
    names = [Requirement(line).name for line in missing(implementation)]
    return [
        name
        for name in names
        if _version(name) is None
        and not any(
            util.find_spec(module)
            for module in (re.sub(r"\W", "_", name), re.split(r"\W", name, maxsplit=1)[0])
        )
    ]


def _unmet(line: str, seen: set[str]) -> Iterator[str]:
    """Yield the unmet requirements of a requirement and of the extras that it names."""
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return
    installed = _version(wanted.name)
    if installed is None or not wanted.specifier.contains(installed, prereleases=True):
        yield f"{wanted.name}{wanted.specifier}"
        return
    for extra in wanted.extras:
        key = f"{wanted.name}[{extra}]"
        if key in seen:
            continue
        seen.add(key)
        for inner in _of_extra(wanted.name, extra):
            yield from _unmet(inner, seen)


@cache
def _of_extra(distribution: str, extra: str) -> list[str]:
    """Return the requirements of an extra, without those of the distribution itself."""
    lines = metadata.requires(distribution) or ()
    return [
        line.partition(";")[0]
        for line in lines
        if extra in line  # to parse all of them takes longer than all else that compose checks
        if (marker := Requirement(line).marker)
        and marker.evaluate({"extra": extra})
        and not marker.evaluate({"extra": ""})
    ]


@cache
def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
