"""`copier update`: from the commit before this one, and to one that does not exist yet."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import copier
import pytest

from tests.helpers.projects import ROOT, Project, clone_work_tree, commit, git, render
from tests.helpers.updating import assert_clean, files, make, put_under_git, replace, update

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

EDITS = {
    "src/late/features.py": ("hour=", "hour_of_day="),
    "src/late/plugin.py": ("none yet", "still none"),
    "conf/train/sklearn.yaml": ("max_iter: 600", "max_iter: 123"),
    "conf/config.yaml": ("- track: mlflow", "- track: none"),
    "README.md": ("## Begin", "## Ours\n\nOur own words.\n\n## Begin"),
    "pyproject.toml": ('"pandas>=2.3,<4"]', '"pandas>=2.3,<4", "polars>=1"]'),
    "schema.yaml": ("\ncolumns: {}", "\ncolumns:\n  late: {type: category, values: [0, 1]}"),
    "tests/test_features.py": (
        "import pandas as pd\n",
        "import pandas as pd  # and nothing else\n",
    ),
}


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A template with a version, and a next one that changes what a template may change."""
    return clone_work_tree(make(tmp_path / "template"))


def next_version(template: Path) -> None:
    """Change a template-owned file, a merged one, and add a question whose default changes nothing."""
    replace(
        template / "template/Makefile.jinja",
        "## Run the project's tests",
        "## Run every test of the project",
    )
    replace(template / "template/pyproject.toml.jinja", '"ruff>=0.14"', '"ruff>=0.15"')
    replace(template / "template/dvc.yaml.jinja", "# The pipeline.", "# The whole pipeline.")
    (template / "template/NEWS.txt").write_text("A new file of the template's\n")
    with (template / "copier.yml").open("a") as stream:
        stream.write("\nregion:\n  type: str\n  help: Where does it run?\n  default: anywhere\n")
    commit(template, "The next version", tag="v0.3.0")


def edited(project: Project) -> None:
    for name, (old, new) in EDITS.items():
        project.edit(name, old, new)
    project.commit("Our own work")


def test_edits_survive(versions: Path, tmp_path: Path) -> None:
    project = put_under_git(render(versions, tmp_path / "late"))
    edited(project)
    before = files(project)
    next_version(versions)
    update(project)
    assert_clean(project)
    after = files(project)
    for name, (_, new) in EDITS.items():
        assert new in after[name], name
        if name != "pyproject.toml":
            assert after[name] == before[name], name
    assert '"ruff>=0.15"' in after["pyproject.toml"]
    assert '"polars>=1"' in after["pyproject.toml"]
    assert "Run every test" in after["Makefile"]
    assert "NEWS.txt" in after
    assert "region: anywhere" in after[".copier-answers.yml"]


def test_without_edits_an_update_equals_a_fresh_copy(versions: Path, tmp_path: Path) -> None:
    project = put_under_git(render(versions, tmp_path / "late"))
    next_version(versions)
    update(project)
    assert_clean(project)
    fresh = put_under_git(render(versions, tmp_path / "fresh" / "late"))
    assert files(project) == files(fresh)


def test_a_second_update_changes_nothing(versions: Path, tmp_path: Path) -> None:
    project = put_under_git(render(versions, tmp_path / "late"))
    edited(project)
    next_version(versions)
    update(project)
    project.commit("Update")
    update(project)
    assert git(project.root, "status", "--porcelain") == ""


def test_what_a_team_deleted_stays_deleted(versions: Path, tmp_path: Path) -> None:
    project = put_under_git(render(versions, tmp_path / "late"))
    for name in ("notebooks/explore.ipynb", "conf/monitor/drift.yaml", "Makefile"):
        (project.root / name).unlink()
    project.commit("We do not need these")
    next_version(versions)
    replace(versions / "template/README.md.jinja", "## Begin", "## Start")
    commit(versions, "And the README's", tag="v0.4.0")
    update(project)
    assert_clean(project)
    assert not {"notebooks/explore.ipynb", "conf/monitor/drift.yaml", "Makefile"} & set(
        files(project)
    )
    assert "## Begin" in project.read("README.md")


def test_options_can_be_switched_on_an_update(versions: Path, tmp_path: Path) -> None:
    project = put_under_git(render(versions, tmp_path / "late"))
    next_version(versions)
    update(project, ci="gitlab", docker=False)
    assert_clean(project)
    fresh = put_under_git(render(versions, tmp_path / "fresh" / "late", ci="gitlab", docker=False))
    ours, theirs = files(project), files(fresh)
    ours.pop("README.md"), theirs.pop("README.md")  # written once: it still tells of the image
    assert ours == theirs


def test_a_conflict_is_marked_and_nothing_is_lost(versions: Path, tmp_path: Path) -> None:
    project = put_under_git(render(versions, tmp_path / "late"))
    project.edit("pyproject.toml", '"ruff>=0.14"', '"ruff==0.14.1"')
    project.commit("Pin")
    next_version(versions)
    update(project)
    text = project.read("pyproject.toml")
    assert '"ruff==0.14.1"' in text
    assert '"ruff>=0.15"' in text
    assert "<<<<<<< before updating" in text


def test_the_template_may_be_named_by_a_relative_path(
    versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copier.run_copy("template", "late", defaults=True, vcs_ref="HEAD", quiet=True)
    project = put_under_git(Project(tmp_path / "late"))
    assert f"_src_path: {versions}" in project.read(".copier-answers.yml")
    next_version(versions)
    monkeypatch.chdir("/")
    update(project)
    assert "NEWS.txt" in files(project)


def test_a_project_of_the_previous_commit_is_updated(tmp_path: Path) -> None:
    """The real history: what the last commit generated takes in what is here now."""
    previous = subprocess.run(
        ["git", "rev-list", "--max-count=1", "HEAD~1", "--", "copier.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if not previous:
        pytest.skip("this checkout has no commit before this one")
    template = make(tmp_path / "template")
    git(tmp_path, "clone", "--quiet", str(ROOT), str(template))
    git(template, "checkout", "--quiet", "-B", "main", git(ROOT, "rev-parse", "HEAD~1"))
    git(template, "tag", "v0.2.0a1")
    project = put_under_git(render(template, tmp_path / "late"))
    edited(project)
    for path in template.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    work_tree = clone_work_tree(make(tmp_path / "now"))
    shutil.rmtree(work_tree / ".git")
    shutil.copytree(work_tree, template, dirs_exist_ok=True)
    commit(template, "What is here now", tag="v0.2.0")
    update(project)
    assert_clean(project)
    for name, (_, new) in EDITS.items():
        assert new in project.read(name), name
    project.commit("Update")
    update(project)
    assert git(project.root, "status", "--porcelain") == ""
