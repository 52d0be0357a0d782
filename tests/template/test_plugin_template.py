"""The template of plugin packages: what is rendered is valid, keeps its contracts, and is updated."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

import copier
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from ruamel.yaml import YAML

from mlops_plugins import Stage
from mlops_plugins.manager.plugin_manager import plugin_manager
from tests.helpers.documentation import blocks, run_as_typed
from tests.helpers.projects import (
    ROOT,
    Project,
    clone_work_tree,
    commit,
    git,
    give_environment,
    render,
    shorten,
)
from tests.helpers.updating import assert_clean, files, make, put_under_git, replace, update
from tests.template import test_template
from tests.template.test_template import PINS, QUESTIONS, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

actionlint = test_template.actionlint

FOLDER = ROOT / "plugin_template"
ASKED = {
    key: question
    for key, question in QUESTIONS.items()
    if key != "kind" and "project" not in str(question.get("when", "")) and "help" in question
}
OF_PROJECTS = {key for key, value in QUESTIONS.items() if "help" in value} - {*ASKED, "kind"}
FREE = {key: value for key, value in test_template.FREE.items() if key in ASKED} | {
    "project_name": ["Late flights", "A-b_c  9", "none"]
}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give a name and answers: the defaults, each choice once, and what a quote may trip over."""
    yield "defaults", {}
    for name in (name for name in ASKED if name not in FREE):
        for choice in ASKED[name]["choices"].values():
            if choice != ASKED[name]["default"]:
                yield f"{name}={choice}", {name: choice}
    for number in range(3):
        yield f"free text {number + 1}", {name: values[number] for name, values in FREE.items()}
    yield "as little as can be", {"ci": "none", "package_from": "index"}


CASES = dict(cases())


class Package(Project):
    """A rendered plugin package, and what it was rendered with."""

    def answers(self) -> dict[str, Any]:
        answers: dict[str, Any] = self.yaml(".copier-answers.yml")
        return answers

    @property
    def slug(self) -> str:
        return re.sub("[^a-z0-9]+", "-", self.answers()["project_name"].lower())


def render_plugin(template: Path, target: Path, **answers: Any) -> Package:
    return Package(render(template, target, kind="plugin", **answers).root)


@pytest.fixture(scope="module")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Package]:
    """Return a function from a case's name to its package, which is rendered once."""
    folder = tmp_path_factory.mktemp("plugins")
    done: dict[str, Package] = {}

    def get(case: str) -> Package:
        if case not in done:
            answers = {"project_name": "acme-ml", **CASES[case]}
            done[case] = render_plugin(template, folder / str(len(done)), **answers)
        return done[case]

    return get


@pytest.fixture(params=CASES)
def any_package(request: pytest.FixtureRequest, rendered: Callable[[str], Package]) -> Package:
    return rendered(request.param)


# ------------------------------------------------------------------------------------- the answers


def test_only_what_is_about_a_package_is_asked_and_kept(any_package: Package) -> None:
    assert {"data_source", "data_path", "docker", "monitoring"} <= OF_PROJECTS
    assert set(any_package.answers()) == {*ASKED, "kind", "_commit", "_src_path"}
    assert any_package.answers()["kind"] == "plugin"


def test_answers_about_projects_do_no_harm(template: Path, tmp_path: Path) -> None:
    package = render_plugin(template, tmp_path / "acme-ml", data_source="file", docker=True)
    assert not OF_PROJECTS & set(package.answers())


def test_a_name_that_means_something_else_is_refused(template: Path, tmp_path: Path) -> None:
    ours = {
        offer.implementation.name
        for offer in plugin_manager().components()
        if offer.distribution == "mlops-plugins" and offer.implementation.stage is Stage.TRAIN
    }
    for name in {*ours, "mlops-plugins", "Mlops_Plugins", "null", "Yes", "on"}:
        with pytest.raises(ValueError, match="means something else"):
            render_plugin(template, tmp_path / "x", project_name=name, package_name="acme")
        assert not (tmp_path / "x").exists()


def test_a_project_may_have_such_a_name(template: Path, tmp_path: Path) -> None:
    render(template, tmp_path / "x", project_name="Estimator")


@pytest.mark.parametrize(("kind", "said"), [("plugin", "make lint test"), ("project", "repro")])
def test_each_kind_is_told_its_own_next_step(
    template: Path, tmp_path: Path, kind: str, said: str
) -> None:
    def copy_or_update(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "copier", *arguments, "--defaults", "--vcs-ref", "HEAD"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr.partition("acme-ml is ")[2]

    copied = copy_or_update("copy", "--data", f"kind={kind}", str(template), "acme-ml")
    put_under_git(Project(tmp_path / "acme-ml"))
    updated = copy_or_update("update", "acme-ml")
    for text in (copied, updated):
        assert said in text
        assert ("repro" in text) == (kind == "project")


def test_what_has_no_kind_is_a_project(template: Path, tmp_path: Path) -> None:
    """Answers that were kept before there were two templates."""
    project = put_under_git(render(template, tmp_path / "late"))
    before = files(project)
    project.edit(".copier-answers.yml", "kind: project\n", "")
    project.commit("As it was")
    update(project)
    assert_clean(project)
    assert files(project) == before


def test_the_range_is_one_minor_version_longer_than_a_projects() -> None:
    version = Version(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    asked = SpecifierSet(QUESTIONS["plugin_versions"]["default"])
    assert version in asked
    assert f"{version.major}.{version.minor + 1}.9" in asked
    assert f"{version.major}.{version.minor + 2}.0" not in asked
    oldest = f"{version.major}.{version.minor}.0"
    assert oldest in asked
    assert oldest in SpecifierSet(QUESTIONS["mlops_plugins_versions"]["default"])


# --------------------------------------------------------------------------------------- the files


def test_there_are_the_files_that_were_asked_for_and_no_others(any_package: Package) -> None:
    answers = any_package.answers()
    package = f"src/{answers['package_name']}"
    expected = {
        ".copier-answers.yml",
        ".gitignore",
        ".pre-commit-config.yaml",
        ".python-version",
        "CHANGELOG.md",
        "Makefile",
        "README.md",
        "pyproject.toml",
        "tests/test_audit.py",
        "tests/test_conformance.py",
        "tests/test_trainer.py",
        *(f"{package}/{name}.py" for name in ("__init__", "audit", "plugin", "trainer")),
        f"{package}/py.typed",
    }
    expected |= {"LICENSE"} if answers["license"] != "Proprietary" else set()
    expected |= {".github/workflows/ci.yml"} if answers["ci"] == "github" else set()
    expected |= {".gitlab-ci.yml"} if answers["ci"] == "gitlab" else set()
    assert any_package.files() == expected


def test_every_file_can_be_parsed_and_is_tidy(any_package: Package) -> None:
    major, minor = any_package.answers()["python_version"].split(".")
    for name in any_package.files():
        text = any_package.read(name)
        if name.endswith((".yaml", ".yml")):
            assert YAML(typ="safe").load(text), name
        elif name.endswith(".toml"):
            assert tomllib.loads(text), name
        elif name.endswith(".py"):
            ast.parse(text, name, feature_version=(int(major), int(minor)))
        found = re.search(r"(?<!\$)\{\{|\{%|\{#|_copier_", text)
        assert not found, f"{name}: {found}"
        assert not re.search(r"[ \t]$|\r", text, re.MULTILINE), name
        if not name.endswith("py.typed"):
            assert re.search(r"\S\n\Z", text), name
            assert "\n\n\n" not in text or name.endswith(".py"), name


def test_what_both_templates_have_is_the_same(
    any_package: Package, template: Path, tmp_path: Path
) -> None:
    answers = {key: any_package.answers()[key] for key in ASKED}
    project = Package(render(template, tmp_path / "project", **answers).root)
    same = {".python-version", "LICENSE"} & any_package.files()
    assert same | {"LICENSE"} == {".python-version", "LICENSE"}
    for name in same:
        assert any_package.read(name) == project.read(name)
    ours, theirs = any_package.toml(), project.toml()
    for key in ("build-system", "tool.uv.sources", "tool.ruff", "tool.pytest"):
        one: Any = ours
        other: Any = theirs
        for part in key.split("."):
            one, other = one.get(part, {}), other.get(part, {})
        assert one == other, key
    for key in ("version", "description", "requires-python", "authors", "license", "classifiers"):
        assert ours["project"].get(key) == theirs["project"].get(key), key
    answered = (any_package.answers(), project.answers())
    assert {key: answered[0][key] for key in ASKED} == {key: answered[1][key] for key in ASKED}


def test_pyproject_names_both_plugins_and_asks_for_what_there_is(any_package: Package) -> None:
    toml, package = any_package.toml(), any_package.answers()["package_name"]
    assert toml["project"]["name"] == any_package.slug
    assert toml["project"]["entry-points"] == {
        "mlops_plugins": {
            any_package.slug: f"{package}.plugin",
            f"{any_package.slug}-audit": f"{package}.audit",
        }
    }
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in [*toml["project"]["dependencies"], *toml["dependency-groups"]["dev"]]:
        asked = Requirement(line)
        if asked.name == "mlops-plugins":
            assert asked.extras <= set(ours["optional-dependencies"])
    [needed] = map(Requirement, toml["project"]["dependencies"])
    assert needed.specifier == SpecifierSet(QUESTIONS["plugin_versions"]["default"])


def test_ruff_is_content(any_package: Package) -> None:
    run("ruff", "format", "--no-cache", "--check", ".", folder=any_package.root)
    run("ruff", "check", "--no-cache", ".", folder=any_package.root)


def test_the_makefile_is_one_and_the_readme_speaks_of_it(any_package: Package) -> None:
    listed = run("make", "--no-print-directory", "help", folder=any_package.root)
    targets = {line.split()[0] for line in listed.splitlines()}
    assert targets == {"help", "setup", "lint", "test", "build"}
    recipes = run("make", "--dry-run", "--always-make", *sorted(targets), folder=any_package.root)
    run("bash", "-n", folder=any_package.root, text=recipes)
    text, answers = any_package.read("README.md"), any_package.answers()
    commands = re.findall(r"(?:`|^\$ |&& )make ([a-z ]+)", text, re.MULTILINE)
    assert {target for line in commands for target in line.split()} == targets - {"help"}
    assert text.startswith(f"# {answers['project_name']}\n")
    assert f"train={any_package.slug} " in text
    assert ("CI files" in text) == (answers["ci"] != "none")
    assert ("`LICENSE`" in text) == (answers["license"] != "Proprietary")
    assert ("[tool.uv.sources]" in text) == (answers["package_from"] == "template")


def test_every_file_that_names_a_version_of_uv_names_the_same() -> None:
    [version] = re.findall(r"^uv==(\S+)$", (ROOT / "constraints-uv.txt").read_text(), re.MULTILINE)
    naming = [path for path in FOLDER.rglob("*ci.yml*") if path.is_file()]
    assert len(naming) == 2
    for path in naming:
        assert f'"{version}"' in path.read_text(), path


# ---------------------------------------------------------------------------------------------- CI


def test_the_workflow_is_pinned_and_permits_nothing(rendered: Callable[[str], Package]) -> None:
    package = rendered("defaults")
    text = package.read(".github/workflows/ci.yml")
    lines = re.findall(r"\buses:\s*(.*)$", text, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        action = line.partition("@")[0]
        version, released = PINS[action]
        assert line == f"{action}@{released} # {version}"
    workflow = package.yaml(".github/workflows/ci.yml")
    assert workflow["permissions"] == {}
    assert set(workflow["on"]) == {"push", "pull_request"}
    assert "secrets." not in text
    [job] = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert job["timeout-minutes"] <= 60
    [checkout] = [x for x in job["steps"] if x.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["persist-credentials"] is False
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_tools_find_nothing_in_the_workflow(
    rendered: Callable[[str], Package], actionlint: Callable[[list[Path]], list[Any]]
) -> None:
    folder, name = rendered("defaults").root, ".github/workflows/ci.yml"
    command = ["zizmor", "--offline", "--no-config", "--min-severity", "low", ".github"]
    assert "No findings" in run(*command, folder=folder)
    assert actionlint([folder / name]) == []
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", name, folder=folder)


def test_gitlab_runs_the_same_checks(rendered: Callable[[str], Package]) -> None:
    package = rendered("ci=gitlab")
    command = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml"]
    run(*command, folder=package.root)
    there = package.yaml(".gitlab-ci.yml")["check"]
    [here] = rendered("defaults").yaml(".github/workflows/ci.yml")["jobs"].values()
    assert there["script"] == [step["run"] for step in here["steps"] if "run" in step]
    for script in (*there["before_script"], *there["script"], *there["after_script"]):
        run("bash", "-n", folder=package.root, text=script)


# ------------------------------------------------------------------------------- the package at work


@pytest.fixture(scope="module")
def package(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package in an environment of its own, in which it is installed."""
    made = render_plugin(template, tmp_path_factory.mktemp("package") / "acme-ml", license="MIT")
    give_environment(made)
    return made


@pytest.mark.slow
def test_its_types_are_right(package: Package) -> None:
    package.run("python", "-m", "mypy", "--cache-dir", os.devnull)


@pytest.mark.slow
def test_its_own_tests_and_those_of_its_contracts_pass(package: Package) -> None:
    told = package.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-v").stdout
    passed = set(re.findall(r"^tests/(\w+)\.py::.* PASSED", told, re.MULTILINE))
    assert passed == {"test_audit", "test_conformance", "test_trainer"}
    assert "acme-ml imports nothing heavy" in told
    assert "train/acme-ml is deterministic under the seed" in told
    assert not re.search(r"FAILED|SKIPPED|XFAIL", told)


@pytest.mark.slow
def test_its_conformance_tests_would_find_something(package: Package, tmp_path: Path) -> None:
    copy = Package(tmp_path / "acme-ml")
    shutil.copytree(package.root, copy.root, ignore=shutil.ignore_patterns(".venv"))
    give_environment(copy)
    copy.edit("src/acme_ml/plugin.py", "from mlops_plugins", "import pandas\nfrom mlops_plugins")
    copy.edit(
        "src/acme_ml/trainer.py", 'description="Price of large weights; more is simpler."', ""
    )
    command = ["python", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-k", "heavy or documents"]
    done = copy.run(*command, check=False)
    assert done.returncode == 1
    assert "2 failed" in done.stdout
    assert re.search(r"expected: no heavy library imported.*\n.*found: +.*pandas", done.stdout)
    assert re.search(r"expected: a description of each.*\n.*found: +none of penalty", done.stdout)


@pytest.fixture(scope="module")
def wheel(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = ["uv", "build", "--quiet", "--offline", "--no-build-isolation"]
    package.run(*command, "--python", ".venv/bin/python", "--out-dir", str(folder))
    [built] = folder.glob("*.whl")
    assert len(list(folder.glob("*.tar.gz"))) == 1
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_asks_for_a_range(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        about = message_from_bytes(archive.read("acme_ml-0.1.0.dist-info/METADATA"))
    assert {
        "acme_ml/plugin.py",
        "acme_ml/trainer.py",
        "acme_ml/audit.py",
        "acme_ml/py.typed",
    } < names
    assert "acme_ml-0.1.0.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if "test" in name]
    [needed] = map(Requirement, about.get_all("Requires-Dist"))
    assert needed.url is None
    assert needed.specifier == SpecifierSet(QUESTIONS["plugin_versions"]["default"])


@pytest.mark.slow
def test_a_project_chooses_it_by_one_word(wheel: Path, project: Project) -> None:
    command = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    project.run(*command, "--python", ".venv/bin/python", str(wheel))
    project.edit("conf/config.yaml", "- train: sklearn", "- train: acme-ml")
    listed = project.mlops("plugins", "list").stdout
    assert re.search(r"acme-ml.*A linear model", listed)
    shown = project.mlops("plugins", "show", "train/acme-ml", "--yaml").stdout
    project.write("conf/train/acme-ml.yaml", shown.replace("penalty: 1.0", "penalty: 2.5"))
    audit = project.root.parent / "audit.jsonl"
    done = project.run("python", "-m", "dvc", "repro", ACME_ML_AUDIT=str(audit))
    stages = ["tune", "train", "evaluate", "explain", "gate", "report", "track", "register"]
    assert [name for name in stages if f"Running stage '{name}'" in done.stdout] == stages
    assert YAML(typ="safe").load(project.root / "params.yaml")["train"]["penalty"] == 2.5
    noted = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [line["stage"] for line in noted] == stages
    assert (noted[1]["name"], noted[1]["event"]) == ("acme-ml", "done")
    assert json.loads(project.read("reports/metrics.json"))["roc_auc"] > 0.7
    assert project.repro() == []


@pytest.mark.slow
def test_the_guide_does_what_it_shows(template: Path, tmp_path: Path) -> None:
    """All but publishing, in environments that `make setup` makes."""
    (tmp_path / "mlops-template").symlink_to(template)
    project = render(template, tmp_path / "late-flights")
    *shown, _publish = blocks("how-to/plugin-package.md")
    commands = [command for block in shown for command in block]
    assert len(commands) == 15
    run_as_typed([("make setup", [])], project.root)
    shorten(project)
    # Conformance is another test's.
    run_as_typed(commands, tmp_path, PYTEST_ADDOPTS="-k 'not conformance'")


# ------------------------------------------------------------------------------------------ updates


EDITS = {
    "src/acme_ml/trainer.py": ("Ridge(alpha=self.penalty)", "Ridge(alpha=2 * self.penalty)"),
    "src/acme_ml/plugin.py": ("cache_version=1", "cache_version=2"),
    "tests/test_trainer.py": ("penalty=1000", "penalty=500"),
    "README.md": ("## Use it in a project", "## Why\n\nOur words.\n\n## Use it in a project"),
    "CHANGELOG.md": ("- The first version.", "- The first version, and a good one."),
    "pyproject.toml": ('"mypy>=1.18",', '"mypy>=1.18",\n  "numpydoc>=1.9",'),
}


def next_version(template: Path) -> None:
    """Change what is the template's, what is merged, and what is the author's."""
    folder, package = template / "plugin_template", "src/{{ package_name }}"
    replace(folder / "Makefile.jinja", "Check format, style", "Check the format, style")
    replace(folder / "pyproject.toml.jinja", '"ruff>=0.14"', '"ruff>=0.15"')
    replace(folder / package / "trainer.py", "max_iter=1000", "max_iter=2000")
    replace(folder / package / "audit.py.jinja", "An observer", "The observer")
    replace(folder / "README.md.jinja", "## Work on it", "## Develop it")
    licence = "template/{% if license == 'MIT' %}LICENSE{% endif %}.jinja"
    replace(template / licence, "Copyright (c)", "Copyright (C)")
    (folder / "tests/test_more.py").write_text("")
    (folder / "NEWS.txt").write_text("A new file of the template's\n")
    with (template / "copier.yml").open("a") as stream:
        stream.write("\nregion:\n  type: str\n  help: Where is it used?\n  default: anywhere\n")
    commit(template, "The next version", tag="v0.3.0")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["", "git+file://"])
def test_an_authors_edits_survive_an_update(tmp_path: Path, scheme: str) -> None:
    """From one tagged version to the next, by path and by address; nothing has to be trusted."""
    versions = clone_work_tree(make(tmp_path / "template"))
    copier.run_copy(
        f"{scheme}{versions}",
        tmp_path / "acme-ml",
        data={"kind": "plugin", "license": "MIT"},
        defaults=True,
        vcs_ref="v0.2.0",
        quiet=True,
    )
    package = Package(tmp_path / "acme-ml")
    put_under_git(package)
    for name, (old, new) in EDITS.items():
        package.edit(name, old, new)
    (package.root / "src/acme_ml/audit.py").unlink()
    package.commit("Our own work")
    before = files(package)
    next_version(versions)
    copier.run_update(str(package.root), defaults=True, overwrite=True, quiet=True)
    assert_clean(package)
    after = files(package)
    assert package.answers()["_commit"] == "v0.3.0"
    for name, (_, new) in EDITS.items():
        assert new in after[name], name
        assert after[name] == before[name] or name == "pyproject.toml", name
    assert '"ruff>=0.15"' in after["pyproject.toml"]
    assert git(versions, "rev-parse", "v0.3.0") in after["pyproject.toml"]
    assert "Check the format" in after["Makefile"]
    assert "Copyright (C)" in after["LICENSE"]
    assert set(after) - set(before) == {"NEWS.txt"}
    assert set(before) - set(after) == set()
    package.commit("Update")
    copier.run_update(str(package.root), defaults=True, overwrite=True, quiet=True)
    assert git(package.root, "status", "--porcelain") == ""
