"""Where a module's code is, and which modules of its own package it needs: nothing is imported."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec


def find(module: str) -> Path | None:
    """Return a module's file; None if there is none.

    >>> find("mlops_plugins.manager.modules").name
    'modules.py'
    """
    places: Sequence[str] | None = None
    name = ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _spec(name, places)
        if spec is None:
            return None
        places = spec.submodule_search_locations
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


def _spec(name: str, places: Sequence[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, places)
        if spec is not None:
            return spec
    return None


def needed(file: Path) -> list[Path]:
    """Return a module's file and those of its package that it imports, directly or not, sorted.

    Where one of them imports by a name that is made at run time, every module of the package counts.
    """
    package = _package(file)
    found: set[Path] = set()
    waiting = [file, *_inits(file, package)]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        try:
            tree = ast.parse(module.read_bytes(), str(module))
        except SyntaxError:
            continue  # whoever runs it says so
        if _imports_by_computed_name(tree):
            return sorted(package.rglob("*.py"))
        for other in _imported(tree, module, package):
            waiting += [other, *_inits(other, package)]
    return sorted(found)


def _package(file: Path) -> Path:
    """Return the folder of the outermost package that a module is in, or the module alone."""
    folder = file.parent
    while (folder.parent / "__init__.py").exists():
        folder = folder.parent
    return folder


def _inits(file: Path, package: Path) -> Iterator[Path]:
    for folder in file.parents:
        if not folder.is_relative_to(package):
            return
        if (folder / "__init__.py").exists():
            yield folder / "__init__.py"


def _imports_by_computed_name(tree: ast.Module) -> bool:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(names & {"importlib", "import_module", "__import__"})


def _imported(tree: ast.Module, module: Path, package: Path) -> Iterator[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(_absolute(alias.name, package))
        elif isinstance(node, ast.ImportFrom):
            base = (
                module.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                if node.level
                else _absolute(node.module or "", package)
            )
            yield from _files(base)
            for alias in node.names:
                yield from _files(base / alias.name if base else None)


def _absolute(name: str, package: Path) -> Path | None:
    head, *rest = name.split(".")
    return package.joinpath(*rest) if head == package.name else None


def _files(base: Path | None) -> Iterator[Path]:
    if base is None:
        return
    for candidate in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
        if candidate.is_file():
            yield candidate
