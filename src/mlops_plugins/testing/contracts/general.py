"""What every implementation must be: described, complete, and strict about its options."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import (
    MISSING,
    Component,
    defaults,
    parse,
    single_options,
    to_yaml,
)
from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.manager import requirements, signatures
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing.failure import ConformanceError, attempt, described, require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

UNKNOWN = "an_option_that_nobody_has"


def _load(subject: Subject) -> type[Component]:
    loaded: list[type[Component]] = []
    error = attempt("its class was loaded", lambda: loaded.append(subject.load()))
    if error is not None:
        raise ConformanceError(
            "its class was loaded",
            expected=signatures.interface(plugin_manager().contract(subject.stage)),
            found=described(error),
        )
    return loaded[0]


def is_described(subject: Subject, folder: Path) -> None:
    """The descriptor reads well in a table, and names what is there."""
    described = subject.offer.implementation
    summary = described.summary
    require(
        summary and summary == summary.strip() and len(summary.splitlines()) == 1,
        "its summary was read",
        expected="one line that says what it is",
        found=repr(summary),
    )
    require(
        described.cache_version >= 1,
        "its cache_version was read",
        expected="1 or more",
        found=described.cache_version,
    )
    absent = [str(source) for source in described.sources if not source.is_file()]
    require(not absent, "its sources were looked for", expected="files", found=", ".join(absent))
    missing = requirements.missing(described)
    require(
        not missing,
        "its extra and its libraries were looked for",
        expected="names of installed distributions, as pip writes them",
        found=f"not installed: {', '.join(missing)}",
    )


def keeps_the_signature(subject: Subject, folder: Path) -> None:
    """Each method can be called as the runner calls it: with these names and no others."""
    loaded = _load(subject)
    contract = plugin_manager().contract(subject.stage)
    for name, wanted in signatures.interface_methods(contract).items():
        if name in contract.optional and not hasattr(loaded, name):
            continue
        given = wanted.parameters.values()
        positional = [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD]
        keywords = {p.name: None for p in given if p.kind is p.KEYWORD_ONLY}
        method = getattr(loaded, name)
        taken = signatures.accepted(contract, method, keywords)
        try:
            inspect.signature(method).bind(*positional, **taken)
        except TypeError as error:
            raise ConformanceError(
                f"its method '{name}' was called as {signatures.interface(contract)} says",
                expected=f"{name}{wanted}",
                found=f"{name}{inspect.signature(method)}: {error}",
            ) from None


def documents_itself(subject: Subject, folder: Path) -> None:
    """The class and each option say what they are: `mlops plugins show` and `conf/` repeat it."""
    loaded = _load(subject)
    require(loaded.__doc__, "its class was read", expected="a docstring", found="none")
    declared = [*((name, loaded, name) for name in loaded.model_fields), *single_options(loaded)]
    mute = {name: None for name, owner, key in declared if not owner.model_fields[key].description}
    require(
        not mute,
        "its options were read",
        expected="a description of each: Field(..., description=...)",
        found=f"none of {', '.join(mute)}",
    )


def has_valid_defaults(subject: Subject, folder: Path) -> None:
    """Whoever copies the defaults into `conf/` gets what they had before."""
    loaded = _load(subject)
    known = {name: value for name, value in defaults(loaded).items() if value != MISSING}
    _parse(subject, {**known, **subject.options}, "its defaults were given as options")


def writes_its_options_as_yaml(subject: Subject, folder: Path) -> None:
    """What `mlops plugins show --yaml` prints can be read again."""
    from ruamel.yaml import YAML

    loaded = _load(subject)
    did = "its options were written as YAML, and read again"
    text = to_yaml(subject.stage, subject.name, loaded, subject.offer.implementation.summary)
    section: dict[str, Any] = YAML(typ="safe").load(text)
    name = section.pop("name")
    require(name == subject.name, did, expected=f"name: {subject.name}", found=f"name: {name}")
    written = _parse(subject, {**section, **subject.options}, did)
    made = _parse(subject, subject.options, "it was made from its options")
    require(written == made, did, expected=repr(made), found=repr(written))


def refuses_an_unknown_option(subject: Subject, folder: Path) -> None:
    """A misspelt option is an error, not a default."""
    loaded = _load(subject)
    did = f"the option '{UNKNOWN}' was given"
    error = attempt(did, lambda: parse(loaded, {**subject.options, UNKNOWN: 1}, where=str(subject)))
    require(
        isinstance(error, ConfigurationError) and UNKNOWN in str(error),
        did,
        expected="a ConfigurationError that names it",
        found=described(error) if error else "no error",
    )


def _parse(subject: Subject, options: dict[str, Any] | Any, did: str) -> Component:
    made: list[Component] = []
    error = attempt(did, lambda: made.append(parse(_load(subject), options, where=str(subject))))
    if error is not None:
        raise ConformanceError(
            did,
            expected=f"valid options; the suite takes some as checks(..., options={{'{subject}': {{...}}}})",
            found=described(error),
        )
    return made[0]


CHECKS: Mapping[str, Run] = {
    "is described": is_described,
    "keeps the signature of its stage": keeps_the_signature,
    "documents itself and its options": documents_itself,
    "has valid defaults": has_valid_defaults,
    "writes its options as YAML": writes_its_options_as_yaml,
    "refuses an unknown option": refuses_an_unknown_option,
}
