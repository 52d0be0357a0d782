"""Writing so that nothing is lost, and the sample and the generated pages, byte for byte."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from mlops_plugins.artifacts import files
from tests.helpers.projects import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_only_if_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    files.write_json(target, {"good": 1})

    def write_half() -> None:
        with files.replacing(target) as draft:
            draft.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert files.read_json(target) == {"good": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "model"
    for name in ("old", "new"):
        with files.replacing(target) as draft:
            draft.mkdir()
            (draft / name).write_text(name)
    assert [path.name for path in target.iterdir()] == ["new"]


def test_a_killed_writer_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "good").write_text("good")
    code = (
        "import os, signal, sys; from pathlib import Path; from mlops_plugins.artifacts import files\n"
        "with files.replacing(Path(sys.argv[1])) as draft:\n"
        "    draft.mkdir(); (draft / 'half').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -9
    assert [path.name for path in target.iterdir()] == ["good"]


def test_there_is_no_moment_without_the_folder(tmp_path: Path) -> None:
    target = tmp_path / "model"
    code = (
        "import os, sys; from pathlib import Path; from mlops_plugins.artifacts import files\n"
        "target = Path(sys.argv[1]); target.mkdir(); (target / 'old').touch()\n"
        "with files.replacing(target) as draft:\n"
        "    draft.mkdir(); (draft / 'new').touch()\n"
        "    seen = []\n"
        "    sys.addaudithook(lambda *_: seen.append(os.access(target, os.F_OK)))\n"
        "assert len(seen) > 3 and all(seen), seen\n"
        "assert os.listdir(target) == ['new'] and os.listdir(target.parent) == ['model']\n"
    )
    subprocess.run([sys.executable, "-c", code, str(target)], check=True)


def test_a_folders_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = files.digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert files.digest(tmp_path) != before


def test_what_json_cannot_say_becomes_null(tmp_path: Path) -> None:
    files.write_json(tmp_path / "x.json", {"a": float("nan"), "b": [float("inf")]})
    assert files.read_json(tmp_path / "x.json") == {"a": None, "b": [None]}


def test_the_sample_is_what_its_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "flights.parquet"
    subprocess.run([sys.executable, str(ROOT / "scripts/make_sample.py"), str(made)], check=True)
    shipped = ROOT / "src/mlops_plugins/stages/ingest/flights.parquet"
    assert made.read_bytes() == shipped.read_bytes()
    assert shipped.stat().st_size < 2_000_000
    assert pq.read_metadata(shipped).num_rows == 327_346


@pytest.mark.parametrize(
    "script", ["make_conf.py", "make_dvc.py", "make_names.py", "make_reference.py"]
)
def test_what_is_generated_is_current(script: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "scripts" / script), "--check"], check=True)


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def test_every_exit_code_is_documented() -> None:
    from mlops_plugins.api.errors import ExitCode

    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    for code in ExitCode:
        assert f"| {code.value} | {code.name} |" in page
