"""The team's own words about a model and its data, in `card.yaml`: what no run can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlops_plugins.api.errors import DataError, ModelError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

FILE: Final = "card.yaml"
PLACEHOLDER: Final = "TODO"


@dataclass(frozen=True)
class Part:
    """One thing to say, and the question that it answers."""

    question: str
    optional: bool = False


PARTS: Final[Mapping[str, Mapping[str, Part]]] = {
    "model": {
        "intended_use": Part("what is decided with a prediction, by whom, and how often"),
        "out_of_scope": Part("what it must not be used for, and for whom it was not made"),
        "limitations": Part("where it is known, or likely, to be wrong, and what that costs"),
        "contact": Part("who answers for it"),
        "ethics": Part("who may be harmed, and what is done about it", optional=True),
    },
    "data": {
        "origin": Part("who collected the rows, how, and for which purpose"),
        "personal_data": Part("which columns are about people, and why they may be used; or none"),
        "gaps": Part("whom or what the rows leave out", optional=True),
        "maintenance": Part("who corrects the data, and how long they are kept", optional=True),
    },
}
"""After Mitchell et al., Model Cards for Model Reporting, 2019, and Gebru et al., Datasheets for
Datasets, 2021: what in them is not measured."""

NAMES: Final = tuple(f"{section}.{name}" for section, parts in PARTS.items() for name in parts)
"""Every part, as `model.intended_use`."""


@dataclass(frozen=True)
class Card:
    """What the team says, by section and part; a part that it does not say is absent."""

    words: Mapping[str, Mapping[str, str]]

    def missing(self, required: Collection[str] = ()) -> list[str]:
        """Return the parts that nobody wrote, without optional ones that are not required."""
        return [
            f"{section}.{name}"
            for section, parts in PARTS.items()
            for name, part in parts.items()
            if name not in self.words[section]
            and (not part.optional or f"{section}.{name}" in required)
        ]


def read(path: Path) -> Card:
    """Read the team's card; one that does not exist says nothing.

    Raises:
        DataError: It is no YAML, or has a section or a part that is none.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(path) if path.exists() else {}
    except YAMLError as error:
        raise DataError(
            "The card is not valid YAML.",
            where=f"{path.name}: {' '.join(str(error).split())[:200]}",
            next_step=f"correct {path.name}, or restore it: git checkout -- {path.name}",
        ) from None
    _check_keys(content or {}, PARTS, where=path.name)
    return Card({section: _texts(content or {}, section, path.name) for section in PARTS})


def _texts(content: Mapping[str, Any], section: str, file: str) -> dict[str, str]:
    """Return the parts of a section that say something."""
    written = content.get(section) or {}
    _check_keys(written, PARTS[section], where=f"{file}: {section}")
    texts = {}
    for name, words in written.items():
        if words is not None and not isinstance(words, str):
            raise DataError(
                f"The part '{section}.{name}' is {words!r}.",
                where=f"{file}: {section}.{name}",
                expected=f"a text: {PARTS[section][name].question}",
                next_step="correct it there; quote it if it reads as a number or a list",
            )
        if words and words.strip() and not words.strip().startswith(PLACEHOLDER):
            texts[name] = words.strip()
    return texts


def _check_keys(written: object, known: Mapping[str, Any], *, where: str) -> None:
    if not isinstance(written, dict):
        raise DataError(
            f"The card holds {written!r}.",
            where=where,
            expected="one of " + ", ".join(known) + ", and what each says",
            next_step="correct it there",
        )
    for name in written:
        if name not in known:
            raise DataError(
                f"The card has no part '{name}'.{did_you_mean(str(name), known)}",
                where=f"{where}: {name}",
                expected="one of " + ", ".join(known),
                next_step="correct it there",
            )


def require_complete(missing: Sequence[str], *, then: str) -> None:
    """Refuse to promote a model about which something is not said.

    Args:
        missing: The parts that the team requires, and that nobody wrote.
        then: What to do when they are written.

    Raises:
        ModelError: There is one.
    """
    if missing:
        questions = [f"{part}: {_question(part)}" for part in missing]
        raise ModelError(
            f"The model is not promoted: its card says nothing of {', '.join(missing)}.",
            where=FILE,
            expected="; ".join(questions),
            next_step=f"write it there in place of {PLACEHOLDER}, then {then}",
        )


def _question(part: str) -> str:
    section, _, name = part.partition(".")
    return PARTS[section][name].question
