"""Write hooks/package_names.jinja: what a project's package cannot be called. `copier.yml` reads it.

Usage: python scripts/make_names.py [--check]
"""

from __future__ import annotations

import keyword
import sys
import textwrap
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
NAMES = ROOT / "hooks" / "package_names.jinja"

YAML = ("no", "null", "off", "on", "yes")
OTHERS = (
    *("conftest", "hydra_plugins", "mlops_plugins", "test", "tests"),
    *("dvc_s3", "mypy", "pre_commit", "pytest", "ruff"),
    *("joblib", "omegaconf"),
)
"""Modules of a project itself, its tools, and what its code may import of its libraries' libraries."""


def libraries() -> set[str]:
    """Return what a project may install, the dependencies and those of the extras, and their modules."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = chain(declared["dependencies"], *declared["optional-dependencies"].values())
    names = {canonicalize_name(Requirement(each).name) for each in needed}
    modules = {
        module
        for module, owners in packages_distributions().items()
        if names & {canonicalize_name(owner) for owner in owners}
    }
    distributions = {name.replace("-", "_") for name in names}
    return {name for name in modules.union(distributions, OTHERS) if _possible(name)}


def _possible(name: str) -> bool:
    return name.islower() and name[0] != "_" and name.isidentifier()


def expected() -> str:
    """Return the file: a list of words for each reason."""
    words = {
        "keywords": {*filter(_possible, keyword.kwlist), *YAML},
        "modules": set(filter(_possible, sys.stdlib_module_names)),
        "libraries": libraries(),
    }
    lists = (
        f"{{%- set {name} = '\n{textwrap.indent(textwrap.fill(' '.join(sorted(found)), 100), '  ')}\n'.split() %}}\n"
        for name, found in words.items()
    )
    return "{#- Made by scripts/make_names.py: change nothing here. #}\n" + "".join(lists)


def main() -> None:
    """Write the file, or compare it."""
    if "--check" in sys.argv:
        if expected() != NAMES.read_text(encoding="utf-8"):
            sys.exit(f"not current: {NAMES.name}; run: make generated")
        return
    NAMES.write_text(expected(), encoding="utf-8")


if __name__ == "__main__":
    main()
