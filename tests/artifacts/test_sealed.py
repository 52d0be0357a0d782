"""Only what is hashed runs: what is added to a model, hidden beside it or changed after it was registered."""

from __future__ import annotations

import importlib.util
import json
import py_compile
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.artifacts import files
from tests.helpers.registering import Home, with_champion

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

PACKAGE = "recipe/conformance"
HARMFUL = "raise SystemExit('ran')\n"
ROWS = "data/splits/test.parquet"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return with_champion(tmp_path)


def predict(home: Home, *words: str) -> Result:
    output = home.root / "scores.parquet"
    return home.mlops("predict", str(home.root / ROWS), "-o", str(output), "--no-log", *words)


def relist(model: Path, **changes: Any) -> None:
    """Let the manifest vouch for the files that are there, as whoever changed them would."""
    manifest = json.loads((model / "manifest.json").read_text())
    listed = {name: files.digest(model / name) for name in manifest["files"]}
    (model / "manifest.json").write_text(json.dumps({**manifest, "files": listed, **changes}))


def add_a_file(model: Path) -> None:
    (model / "recipe" / "notes.txt").write_text("")


def add_a_module(model: Path) -> None:
    (model / PACKAGE / "re.py").write_text(HARMFUL)


def add_byte_code(model: Path) -> None:
    """Put code into Python's cache that says to be made from the source, by time or unchecked."""
    source = model / PACKAGE / "features.py"
    evil = model.parent / "evil.py"
    evil.write_text(HARMFUL)
    cached = Path(importlib.util.cache_from_source(str(source)))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(evil), cfile=str(cached), invalidation_mode=mode)


def link_a_file(model: Path) -> None:
    source = model / PACKAGE / "features.py"
    shutil.move(source, model.parent / "features.py")
    source.symlink_to(model.parent / "features.py")


def link_a_folder(model: Path) -> None:
    (model.parent / "more").mkdir()
    (model / PACKAGE / "more").symlink_to(model.parent / "more")


def list_nothing(model: Path) -> None:
    relist(model, files={})


def list_what_is_outside(name: str) -> Callable[[Path], None]:
    def change(model: Path) -> None:
        (model.parent / "outside.txt").write_text("")
        manifest = json.loads((model / "manifest.json").read_text())
        digest = files.digest(model.parent / "outside.txt")
        listed = {**manifest["files"], name.format(folder=model.parent): digest}
        relist(model, files=listed)

    return change


def say_in_the_recipe(key: str, value: str) -> Callable[[Path], None]:
    def change(model: Path) -> None:
        (model.parent / "elsewhere").mkdir(exist_ok=True)
        (model.parent / "elsewhere" / "__init__.py").write_text(HARMFUL)
        file = model / "recipe" / "recipe.json"
        value_there = value.format(folder=model.parent)
        file.write_text(json.dumps(json.loads(file.read_text()) | {key: value_there}))
        relist(model)

    return change


BAD = {
    "a file": (add_a_file, "holds recipe/notes.txt, which its manifest does not list"),
    "a module": (add_a_module, f"holds {PACKAGE}/re.py, which its manifest does not list"),
    "byte code": (add_byte_code, f"holds {PACKAGE}/__pycache__/features."),
    "a link": (link_a_file, f"holds a link, {PACKAGE}/features.py, to "),
    "a linked folder": (link_a_folder, f"holds a link, {PACKAGE}/more, to "),
    "no files": (list_nothing, "manifest lists no file"),
    "files as a list": (lambda model: relist(model, files=[]), "manifest is corrupt"),
    "a parent": (list_what_is_outside("../outside.txt"), "no path below the model"),
    "an absolute path": (list_what_is_outside("{folder}/outside.txt"), "no path below the model"),
    "a package elsewhere": (say_in_the_recipe("package", "{folder}/elsewhere"), "feature code is"),
    "a package above": (say_in_the_recipe("package", "../../elsewhere"), "feature code is"),
    "a module elsewhere": (say_in_the_recipe("function", "..os:system"), "feature code is"),
}


@pytest.mark.parametrize(("change", "said"), BAD.values(), ids=BAD)
def test_a_model_with_anything_but_its_files_is_refused(
    home: Home, tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    model = tmp_path / "given" / "model"
    shutil.copytree(home.root / "models" / "model", model)
    change(model)
    done = predict(home, "--model", str(model))
    assert said in done.stderr
    assert done.exit_code == ExitCode.MODEL
    assert not (home.root / "scores.parquet").exists()


def test_byte_code_is_never_read(home: Home, tmp_path: Path) -> None:
    from mlops_plugins.stages.features.project import ProjectFeatures

    model = home.root / "models" / "model"
    add_byte_code(model)
    before = {path.name for path in (model / PACKAGE / "__pycache__").iterdir()}
    ProjectFeatures.model_construct().recipe(model / "recipe")
    assert {path.name for path in (model / PACKAGE / "__pycache__").iterdir()} == before


def test_links_that_dvc_makes_into_its_cache_are_files(home: Home, tmp_path: Path) -> None:
    source = home.root / "models" / "model" / PACKAGE / "features.py"
    cached = tmp_path / "cache" / "files" / "md5" / "ab" / "cdef"
    cached.parent.mkdir(parents=True)
    source.replace(cached)
    source.symlink_to(cached)
    done = predict(home, "--model", str(home.root / "models" / "model"))
    assert done.exit_code == 0, done.output


def change_code_and_manifest(model: Path) -> None:
    (model / PACKAGE / "features.py").write_text(HARMFUL)
    relist(model)


@pytest.mark.parametrize("command", ["predict", "export"])
def test_a_cached_champion_that_was_changed_is_fetched_again(home: Home, command: str) -> None:
    first = predict(home)
    assert first.exit_code == 0, first.output
    (cached,) = (home.root / "models" / "champions").iterdir()
    before = files.digest(cached / "model")
    change_code_and_manifest(cached / "model")
    exported = home.root / "exported"
    done = predict(home) if command == "predict" else home.mlops("export", "--to", str(exported))
    assert done.exit_code == 0, done.output
    assert files.digest(cached / "model") == before


@pytest.mark.parametrize("command", ["predict", "serve", "export", "monitor"])
def test_a_registry_whose_files_were_changed_is_refused(home: Home, command: str) -> None:
    change_code_and_manifest(home.root / "models" / "registry" / "versions" / "1" / "model")
    words = {
        "predict": ("predict", str(home.root / ROWS), "-o", str(home.root / "scores.parquet")),
        "serve": ("serve", "--port", "0"),
        "export": ("export", "--to", str(home.root / "exported")),
        "monitor": ("monitor", "--data", str(home.root / ROWS)),
    }[command]
    done = home.mlops(*words)
    assert done.exit_code == ExitCode.MODEL, done.output
    assert "The files of version 1 are not those that were registered." in done.stderr
    assert not (home.root / "models" / "champions").exists() or not any(
        (home.root / "models" / "champions").iterdir()
    )


def test_a_plugin_that_loads_nothing_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops_plugins.stages.train.sklearn import GradientBoosting

    monkeypatch.setattr(GradientBoosting, "load", lambda self, path: None)
    done = predict(home, "--model", str(home.root / "models" / "model"))
    assert done.exit_code == ExitCode.PLUGIN
    assert "train/sklearn of mlops-plugins" in done.stderr
    assert "loads its part of a model as NoneType" in done.stderr
