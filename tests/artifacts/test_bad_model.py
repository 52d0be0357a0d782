"""Models that are corrupt or made to harm: refused before anything in them runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_plugins import estimators
from mlops_plugins.api.errors import ExitCode, ModelError
from tests.helpers.refusals import assert_refused, contents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.projects import Project

ESTIMATOR = f"estimator/{estimators.FILE}"
ROWS = "data/splits/test.parquet"


def flip_a_byte(model: Path) -> None:
    content = bytearray((model / ESTIMATOR).read_bytes())
    content[len(content) // 2] ^= 1
    (model / ESTIMATOR).write_bytes(content)


def truncate_the_manifest(model: Path) -> None:
    content = (model / "manifest.json").read_bytes()
    (model / "manifest.json").write_bytes(content[: len(content) // 2])


def change_the_manifest(**changes: Any) -> Callable[[Path], None]:
    """Return a function that sets these keys, and removes those set to `...`."""

    def change(model: Path) -> None:
        manifest = json.loads((model / "manifest.json").read_text()) | changes
        kept = {key: value for key, value in manifest.items() if value is not ...}
        (model / "manifest.json").write_text(json.dumps(kept))

    return change


def change_the_code(model: Path) -> None:
    (model / "recipe" / "late" / "features.py").write_text("raise SystemExit('ran')\n")


def write_harmful(folder: Path) -> Path:
    """Write an estimator that runs a command of the shell when it is asked to predict."""
    folder.mkdir(exist_ok=True)
    harmful = make_pipeline(FunctionTransformer(os.system))
    (folder / estimators.FILE).write_bytes(skops.io.dumps(harmful))
    return folder / estimators.FILE


def put_in_what_harms(model: Path) -> None:
    """Replace the estimator, and make the manifest vouch for it as whoever made it would."""
    file = write_harmful(model / "estimator")
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["files"][ESTIMATOR] = hashlib.sha256(file.read_bytes()).hexdigest()
    (model / "manifest.json").write_text(json.dumps(manifest))


BAD = {
    "a byte": (flip_a_byte, [f"{ESTIMATOR} is corrupt", "SHA-256", "dvc checkout --force"]),
    "the manifest": (
        truncate_the_manifest,
        ["manifest is corrupt", "manifest.json", "mlops export"],
    ),
    "a key": (change_the_manifest(files=...), ["manifest is corrupt", "manifest.json"]),
    "the schema": (change_the_manifest(schema={"columns": {}}), ["manifest is corrupt"]),
    "the format": (change_the_manifest(format=99), ["format 99", "expected: format 1", "upgrade"]),
    "the code": (change_the_code, ["recipe/late/features.py is corrupt", "SHA-256"]),
    "a file": (lambda model: (model / ESTIMATOR).unlink(), [f"{ESTIMATOR} is missing"]),
    "everything": (shutil.rmtree, ["There is no model", "manifest.json", "`dvc repro` trains one"]),
    "a type": (put_in_what_harms, ["not trusted: ", "system", ESTIMATOR, "expected: types of"]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("spoil", "parts"), BAD.values(), ids=BAD)
def test_a_bad_model_predicts_nothing(
    finished: Project, tmp_path: Path, spoil: Callable[[Path], None], parts: list[str]
) -> None:
    model, scores = tmp_path / "model", tmp_path / "scores.parquet"
    shutil.copytree(finished.root / "models" / "model", model)
    spoil(model)
    pd.DataFrame({"prediction": [1], "score": [0.5]}).to_parquet(scores)
    before = scores.read_bytes()
    done = finished.mlops(
        "predict", ROWS, "--model", str(model), "-o", str(scores), "--no-log", check=False
    )
    assert_refused(done, ExitCode.MODEL, *parts)
    assert scores.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("command", [["run", "evaluate"], ["serve", "--model", "models/model"]])
def test_a_corrupt_model_is_neither_evaluated_nor_served(
    project: Project, command: list[str]
) -> None:
    flip_a_byte(project.root / "models" / "model")
    before = contents(project.root)
    done = project.mlops(*command, check=False)
    assert_refused(done, ExitCode.MODEL, f"{ESTIMATOR} is corrupt")
    assert contents(project.root) == before


@pytest.mark.slow
def test_without_a_champion_nothing_is_served(finished: Project, tmp_path: Path) -> None:
    shutil.copyfile(finished.root / "params.yaml", tmp_path / "params.yaml")
    done = finished.mlops("--project", str(tmp_path), "serve", check=False)
    assert done.returncode == ExitCode.MODEL
    assert "There is no champion of 'late'" in done.stderr
    assert "`dvc repro` trains and registers one" in done.stderr


def test_a_function_of_the_shell_is_not_loaded(tmp_path: Path) -> None:
    file = write_harmful(tmp_path / "estimator")
    with pytest.raises(ModelError, match=r"not trusted: (posix|nt)\.system") as refused:
        estimators.load(file.parent)
    assert refused.value.where == str(file)


def test_what_harms_is_not_saved_either(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not trusted"):
        estimators.save(make_pipeline(FunctionTransformer(os.system)), tmp_path / "estimator")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip archive"])
def test_what_is_no_estimator_is_reported_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / estimators.FILE).write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read") as refused:
        estimators.load(tmp_path)
    assert "dvc checkout --force" in refused.value.next_step
