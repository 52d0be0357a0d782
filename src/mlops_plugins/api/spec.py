"""The description by which a plugin offers a component, without importing its code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ComponentSpec:
    """One way to run one stage; names its code without importing it, so that listing is cheap.

    Attributes:
        stage: The stage it runs.
        name: What users write in `conf/`: `train: sklearn`.
        target: `package.module:Class`; the class is a `Component` with a method named as the stage.
        summary: One line for `mlops plugins`.
        extra: What to install for it, as `uv add` takes it; empty if nothing is needed.
        cache_version: Raise it when the same inputs and options give other results.
        libraries: Distributions whose version affects the results.
        sources: Files whose content affects the results, beside those of a project's own module.
    """

    stage: str
    name: str
    target: str
    summary: str
    extra: str = ""
    cache_version: int = 1
    libraries: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be chosen or found.

        Raises:
            ValueError: The name or the target is not one.
        """
        if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", self.name):
            raise ValueError(f"name is {self.name!r}: lower-case words joined by '-' or '_'")
        if not re.fullmatch(r"[\w.]+:\w+", self.target):
            raise ValueError(f"target is {self.target!r}: 'package.module:Class'")
