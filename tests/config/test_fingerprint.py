"""What is part of an implementation's identity: its code, if it is the project's, and its libraries."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from mlops_plugins import Component, ComponentSpec, Stage
from mlops_plugins.config.fingerprint import fingerprint
from mlops_plugins.manager import modules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PACKAGE = {
    "__init__.py": "",
    "trainer.py": "from . import helpers\nfrom late.deep.inner import x\nimport numpy",
    "helpers.py": "from .deep import outer\n",
    "deep/__init__.py": "",
    "deep/inner.py": "x = 1",
    "deep/outer.py": "from ..other import y",
    "other.py": "y = 1",
    "unrelated.py": "",
    "broken.py": "def broken(:",
    "dynamic.py": "from importlib import import_module\nimport_module('late.' + 'other')",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "src" / "late"
    for name, code in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    return folder


def needed(package: Path, name: str) -> set[str]:
    return {path.relative_to(package).as_posix() for path in modules.needed(package / name)}


def test_a_module_needs_what_it_imports_from_its_package(package: Path) -> None:
    everything = {"__init__.py", "trainer.py", "helpers.py", "other.py"}
    everything |= {"deep/__init__.py", "deep/inner.py", "deep/outer.py"}
    assert needed(package, "trainer.py") == everything
    assert needed(package, "deep/inner.py") == {"__init__.py", "deep/__init__.py", "deep/inner.py"}
    assert needed(package, "broken.py") == {"__init__.py", "broken.py"}


def test_a_module_that_imports_by_computed_names_needs_all(package: Path) -> None:
    assert needed(package, "dynamic.py") == set(PACKAGE)


def test_modules_are_found_and_not_imported(package: Path) -> None:
    import sys

    assert modules.find("late.deep.inner") == package / "deep" / "inner.py"
    assert modules.find("late.nowhere") is None
    assert modules.find("nowhere.late") is None
    assert "late" not in sys.modules


def of(root: Path, options: Component | None = None, **declared: object) -> dict[str, object]:
    given = {"stage": Stage.TRAIN, "name": "x", "target": "a:B", "summary": "x", **declared}
    return fingerprint(ComponentSpec(**given), options or Component(), root)  # type: ignore[arg-type]


def test_libraries_and_the_cache_version_count(tmp_path: Path) -> None:
    assert of(tmp_path, cache_version=3, libraries=("scikit-learn", "not-there")) == {
        "cache_version": 3,
        "libraries": {
            "not-there": "not installed",
            "scikit-learn": metadata.version("scikit-learn"),
        },
    }


def test_the_code_of_a_projects_own_counts_and_of_nothing_else(package: Path) -> None:
    root = package.parent.parent
    before = of(root, target="late.trainer:Trainer")
    assert "sources" in before
    (package / "unrelated.py").write_text("z = 1")
    assert of(root, target="late.trainer:Trainer") == before
    (package / "other.py").write_text("y = 2")
    assert of(root, target="late.trainer:Trainer") != before
    elsewhere = root.parent / "another project"
    assert "sources" not in of(elsewhere, target="late.trainer:Trainer")


def test_the_projects_code_counts_in_a_copy_of_it_too(package: Path) -> None:
    root = package.parent.parent
    copy = root / ".dvc" / "tmp" / "exps" / "tmpabc"
    assert of(copy, target="late.trainer:Trainer") == of(root, target="late.trainer:Trainer")


def test_files_that_options_name_count(tmp_path: Path) -> None:
    class Query(Component):
        file: str

        def depends_on(self, root: Path) -> Iterable[Path]:
            return [root / self.file]

    (tmp_path / "query.sql").write_text("select 1")
    before = of(tmp_path, Query(file="query.sql"))
    (tmp_path / "query.sql").write_text("select 2")
    assert of(tmp_path, Query(file="query.sql")) != before
