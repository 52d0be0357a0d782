"""What is said of a file that is not as its stage's contract says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from mlops_plugins import Stage
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import PluginError
from mlops_plugins.api.formats import FileFormat
from mlops_plugins.artifacts import tables
from mlops_plugins.manager import formats

if TYPE_CHECKING:
    from pathlib import Path

WHOSE = "{stage}/acme of acme-ml 1.2"
VERDICT = {"decision": "block", "reasons": ["so"], "model": "abc", "champion": None}


def refused(path: Path, stage: Stage, output: str) -> PluginError:
    with pytest.raises(PluginError) as caught:
        formats.check_outputs(CONTRACTS[stage], {output: path}, WHOSE.format(stage=stage))
    return caught.value


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize("stage", Stage)
def test_every_model_is_there_and_describes_each_key(stage: Stage) -> None:
    for each in CONTRACTS[stage].formats:
        model = formats.load_model(each)
        assert model.__doc__
        schema = model.model_json_schema()
        described = [schema, *schema.get("$defs", {}).values()]
        for fields in (one.get("properties", {}) for one in described):
            assert all(field["description"] for field in fields.values())


def test_an_error_names_the_implementation_the_file_the_key_and_what_belongs_there(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "verdict.json", {**VERDICT, "decision": "yes"})
    assert str(refused(path, Stage.GATE, "output")) == (
        "gate/acme of acme-ml 1.2 wrote reports/verdict.json, in which 'decision' is 'yes'.\n"
        "  where:    reports/verdict.json: decision\n"
        "  expected: 'promote', 'keep' or 'block': "
        "To promote the model, keep the champion, or block the model.\n"
        "  next:     tell its author: `mlops plugins check gate/acme` checks its contract"
    )


@pytest.mark.parametrize(
    ("stage", "output", "file", "content", "what", "expected"),
    [
        (
            Stage.EXPLAIN,
            "output",
            "importance.json",
            [1, 2],
            "reports/explanation/importance.json, which is [1, 2].",
            "an object",
        ),
        (
            Stage.EXPLAIN,
            "output",
            "importance.json",
            {"columns": [{"column": "a", "importance": 1}, {"column": "b", "importance": "much"}]},
            "in which 'columns[1].importance' is 'much'",
            "a valid number: How much it matters; without it the report shows no importance.",
        ),
        (
            Stage.VALIDATE,
            "report",
            "",
            {"findings": [{"rule": "nulls"}]},
            "reports/validation.json without 'findings[0].what'",
            "a value: What is wrong, in a sentence.",
        ),
        (
            Stage.GATE,
            "output",
            "",
            {**VERDICT, "reasons": []},
            "in which 'reasons' is []",
            "at least one item: Why, in sentences.",
        ),
        (Stage.EVALUATE, "metrics", "", {"f1": True}, "in which 'f1' is True", "a valid number"),
        (
            Stage.EVALUATE,
            "metrics",
            "",
            '{"f1": 0.5',
            "reports/metrics.json, which is no JSON: EOF while parsing",
            "JSON",
        ),
        (
            Stage.PROFILE,
            "output",
            "other.json",
            {},
            "profile/acme of acme-ml 1.2 wrote no reports/profile/profile.json.",
            "a file",
        ),
        (
            Stage.SPLIT,
            "output",
            "train.parquet",
            "row,target",
            "data/splits/train.parquet, which cannot be read: ",
            "a .parquet file",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, stage: Stage, output: str, file: str, content: Any, what: str, expected: str
) -> None:
    path = written(tmp_path / "draft" / (file or "draft.json"), content)
    error = refused(path.parent if file else path, stage, output)
    assert what in error.what
    assert len(error.what.splitlines()) == 1
    assert error.expected == expected


def test_of_a_table_the_columns_are_checked(tmp_path: Path) -> None:
    tables.write(pa.table({"row": [0], "fold": [1]}), tmp_path / "folds.parquet")
    for part in ("train", "test"):
        tables.write(pa.table({"a": [1]}), tmp_path / f"{part}.parquet")
    error = refused(tmp_path, Stage.SPLIT, "output")
    assert error.what.endswith("wrote data/splits/folds.parquet without the column 'trains_from'.")
    assert error.where == "data/splits/folds.parquet: columns row, fold"
    assert error.expected == "the column 'trains_from': The first fold in which it may train."


def test_of_lines_of_json_each_is_checked(tmp_path: Path) -> None:
    line = json.dumps({"prediction": 1, "score": 0.5, "version": "3"})
    written(tmp_path / "2026-01-01.jsonl", f'{line}\n{{"prediction": 1, "score": 0.5}}\n')
    error = refused(tmp_path, Stage.SERVE, "log")
    assert "without 'version'" in error.what


def test_further_keys_nan_and_files_that_are_optional_are_no_error(tmp_path: Path) -> None:
    written(
        tmp_path / "summary.json", '{"f1": {"value": NaN, "low": null, "high": 1, "baseline": 0}}'
    )
    rows = pa.table({"late": [0], "prediction": [1], "score": [0.5]})
    tables.write(rows, tmp_path / "predictions.parquet")
    verdict = written(tmp_path / "verdict.json", {**VERDICT, "acme": [1]})
    formats.check_outputs(CONTRACTS[Stage.EVALUATE], {"output": tmp_path}, "evaluate/acme")
    formats.check_outputs(CONTRACTS[Stage.GATE], {"output": verdict}, "gate/acme")


def test_a_stage_of_another_author_has_formats_of_its_own(tmp_path: Path) -> None:
    run = FileFormat(output="output", file="run.json", model="mlops_plugins.api.formats.track:Run")
    contract = replace(CONTRACTS[Stage.NOTIFY], formats=(run,))
    written(tmp_path / "run.json", {"digest": 7})
    with pytest.raises(PluginError, match=r"wrote run\.json, in which 'digest' is 7"):
        formats.check_outputs(contract, {"output": tmp_path}, "label/acme of acme-ml 1.2")


@pytest.mark.parametrize("model", ["acme_nowhere:Run", "mlops_plugins.api.formats.track:Walk", ""])
def test_a_model_that_is_not_there_is_its_authors_error(tmp_path: Path, model: str) -> None:
    wrong = FileFormat(output="output", model=model)
    written(tmp_path / "run.json", {})
    with pytest.raises(
        PluginError, match=r"The model of a file cannot be imported: .+\."
    ) as caught:
        formats.check([wrong], "output", tmp_path / "run.json", "label/acme of acme-ml 1.2")
    assert model in caught.value.where


def test_commands_that_check_no_file_import_no_model() -> None:
    code = (
        "import sys\n"
        "from mlops_plugins.cli.app import main\n"
        "try: main(['plugins', 'list'])\n"
        "except SystemExit: pass\n"
        "models = [name for name in sys.modules if name.startswith('mlops_plugins.api.formats.')]\n"
        "sys.exit(', '.join(models) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "gate" in done.stdout
