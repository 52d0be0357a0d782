"""The template's questions: what they say, what they refuse, and how the template itself is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import copier
import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from ruamel.yaml import YAML

from tests.helpers.projects import ROOT, git

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION: dict[str, Any] = YAML(typ="safe").load(ROOT / "copier.yml")
QUESTIONS = {key: value for key, value in CONFIGURATION.items() if not key.startswith("_")}
ASKED = {key: value for key, value in QUESTIONS.items() if value.get("when") is not False}
FILE = {"data_source": "file"}


@pytest.fixture(scope="module")
def plain(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a folder without git, which copier reads fastest."""
    folder = tmp_path_factory.mktemp("plain") / "template"
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns(".git"))
    return folder


def answer(plain: Path, target: Path, **answers: Any) -> None:
    copier.run_copy(str(plain), target, data=answers, defaults=True, quiet=True)


# ----------------------------------------------------------------- copier.yml and both templates


@pytest.mark.parametrize("name", ASKED)
def test_every_question_says_what_it_asks(name: str) -> None:
    assert ASKED[name].get("help", "").strip()
    assert "type" in ASKED[name]


@pytest.mark.parametrize("name", ASKED)
def test_every_question_has_a_default_so_that_nobody_must_be_there(name: str) -> None:
    assert ASKED[name].get("default") is not None


@pytest.mark.parametrize("name", ASKED)
def test_no_question_asks_for_a_secret(name: str) -> None:
    assert not ASKED[name].get("secret")
    assert not {"password", "token", "secret", "credential"} & set(name.split("_"))


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - set(ASKED)))
def test_derived_answers_need_no_explanation(name: str) -> None:
    assert "help" not in QUESTIONS[name]


def test_free_text_is_always_checked() -> None:
    free = {
        name
        for name, question in ASKED.items()
        if question["type"] == "str" and "choices" not in question
    }
    assert {name for name in free if "validator" not in ASKED[name]} == set()


@pytest.mark.parametrize("setting", ["_tasks", "_migrations", "_jinja_extensions"])
def test_nobody_has_to_trust_the_template(setting: str) -> None:
    assert setting not in CONFIGURATION


def test_the_copier_it_asks_for_is_one_whose_updates_work() -> None:
    least = Version(CONFIGURATION["_min_copier_version"])
    assert least >= Version("9.14.1")
    dev = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    [ours] = [line for line in dev if line.startswith("copier")]
    assert ours == f"copier>={least.major}.{least.minor}"


def template_files() -> list[str]:
    command = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = git(ROOT, *command, "template", "plugin_template")
    return [name for name in listed.split("\0") if name]


def test_the_names_of_files_can_be_written_everywhere() -> None:
    for name in template_files():
        assert not set(name) & set('"\\:*?<>|'), name
        assert name.isascii(), name


def test_there_are_no_links() -> None:
    assert [name for name in template_files() if (ROOT / name).is_symlink()] == []


def test_answers_are_written_down() -> None:
    name = "template/{{ _copier_conf.answers_file }}.jinja"
    assert {name, f"plugin_{name}"} <= set(template_files())
    assert "_copier_answers" in (ROOT / name).read_text()
    assert f'include "{name}"' in (ROOT / f"plugin_{name}").read_text()
    assert CONFIGURATION["_answers_file"] == ".copier-answers.yml"


def test_the_versions_that_projects_ask_for_admit_this_one() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    asked = SpecifierSet(CONFIGURATION["mlops_plugins_versions"]["default"])
    assert version in asked
    major, minor, *_ = Version(version).release
    assert f"{major}.{minor + 1}.0" not in asked


def test_the_options_that_projects_begin_with_are_those_the_package_declares() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/make_conf.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------------------- bad answers

BAD = [
    ({"project_name": ""}, "Letters, digits"),
    ({"project_name": "2late"}, "Letters, digits"),
    ({"project_name": "late!"}, "Letters, digits"),
    ({"project_name": "late "}, "Letters, digits"),
    ({"project_name": "late/flights"}, "Letters, digits"),
    ({"project_name": "Verspätet"}, "Letters, digits"),
    ({"project_name": "late\n", "package_name": "late"}, "Letters, digits"),
    ({"package_name": ""}, "A Python identifier"),
    ({"package_name": "Late"}, "A Python identifier"),
    ({"package_name": "late-flights"}, "A Python identifier"),
    ({"package_name": "2late"}, "A Python identifier"),
    ({"package_name": "late.flights"}, "A Python identifier"),
    ({"package_name": "_late"}, "A Python identifier"),
    ({"package_name": "../late"}, "A Python identifier"),
    ({"package_name": "late\n"}, "A Python identifier"),
    ({"package_name": "class"}, "'class' is a keyword of Python"),
    ({"package_name": "null"}, "'null' is a keyword of Python or YAML"),
    ({"package_name": "off"}, "'off' is a keyword of Python or YAML"),
    ({"package_name": "email"}, "'email' is a module of Python's own"),
    ({"package_name": "statistics"}, "'statistics' is a module of Python's own"),
    ({"package_name": "mlops_plugins"}, "'mlops_plugins' is the name of a package"),
    ({"package_name": "tests"}, "'tests' is the name of a package"),
    ({"project_name": "Fastapi"}, "'fastapi' is the name of a package"),
    ({"project_name": "Scikit-learn"}, "'scikit_learn' is the name of a package"),
    ({"description": ""}, "without quotes"),
    ({"description": 'It says "late"'}, "without quotes"),
    ({"description": "It says \\late"}, "without quotes"),
    ({"description": "It says\nlate"}, "without quotes"),
    ({"description": "It says\rlate"}, "without quotes"),
    ({"author_name": ""}, "without quotes"),
    ({"author_name": 'A "team"'}, "without quotes"),
    ({"author_name": "A \\team"}, "without quotes"),
    ({"author_name": "A\nteam"}, "without quotes"),
    ({"author_email": ""}, "An e-mail address"),
    ({"author_email": "team"}, "An e-mail address"),
    ({"author_email": "team@example"}, "An e-mail address"),
    ({"author_email": "a team@example.com"}, "An e-mail address"),
    ({"author_email": "team@@example.com"}, "An e-mail address"),
    ({"author_email": "<team@example.com>"}, "An e-mail address"),
    ({"author_email": "te\\am@example.com"}, "An e-mail address"),
    ({"author_email": "team@example.com\n"}, "An e-mail address"),
    ({"python_version": "3.10"}, "3.11, 3.12 or 3.13"),
    ({"python_version": "3.14"}, "3.11, 3.12 or 3.13"),
    ({"python_version": "3.1"}, "3.11, 3.12 or 3.13"),
    ({"python_version": "3.11.4"}, "3.11, 3.12 or 3.13"),
    ({"python_version": "3x11"}, "3.11, 3.12 or 3.13"),
    ({"python_version": ">=3.11"}, "3.11, 3.12 or 3.13"),
    ({"python_version": "3.11\n"}, "3.11, 3.12 or 3.13"),
    ({"license": "GPL"}, "Invalid choice"),
    ({"ci": "jenkins"}, "Invalid choice"),
    ({"data_source": "database"}, "Invalid choice"),
    (FILE | {"task": "ranking"}, "Invalid choice"),
    (FILE | {"data_path": "/data/rows.csv"}, "A relative path"),
    (FILE | {"data_path": "~/rows.csv"}, "A relative path"),
    (FILE | {"data_path": "../rows.csv"}, "A relative path"),
    (FILE | {"data_path": "data/../../rows.csv"}, "A relative path"),
    (FILE | {"data_path": "C:\\rows.csv"}, "A relative path"),
    (FILE | {"data_path": "data/rows.docx"}, "A relative path"),
    (FILE | {"data_path": "data/rows"}, "A relative path"),
    (FILE | {"data_path": "rows.csv.zip"}, "A relative path"),
    (FILE | {"data_path": "rows*.csv"}, "A relative path"),
    (FILE | {"data_path": "data//rows.csv"}, "A relative path"),
    (FILE | {"data_path": "s3://"}, "A relative path"),
    (FILE | {"data_path": "s3://key:secret@bucket/rows.csv"}, "A relative path"),
    (FILE | {"data_path": "https://example.com/rows.csv"}, "A relative path"),
    (FILE | {"data_path": "data/"}, "The pipeline writes there"),
    (FILE | {"data_path": "data/*.csv"}, "The pipeline writes there"),
    (FILE | {"data_path": ".csv"}, "A relative path"),
    (FILE | {"data_path": "data/rows.csv\n"}, "A relative path"),
    (FILE | {"data_path": "data/raw.parquet"}, "The pipeline writes there"),
    (FILE | {"data_path": "data/splits/rows.csv"}, "The pipeline writes there"),
    (FILE | {"data_path": "models/rows.csv"}, "The pipeline writes there"),
    ({"data_source": "sql", "data_table": "rows; DROP TABLE rows"}, "A name such as"),
    ({"data_source": "sql", "data_table": ""}, "A name such as"),
    ({"dvc_remote": "s3", "dvc_remote_url": "bucket"}, "An address such as"),
    ({"dvc_remote": "s3", "dvc_remote_url": "s3://key:secret@bucket"}, "An address such as"),
    (FILE | {"target_column": ""}, "A column's name"),
    (FILE | {"target_column": 'the "target"'}, "A column's name"),
    (FILE | {"target_column": "the\\target"}, "A column's name"),
    (FILE | {"target_column": "the\ntarget"}, "A column's name"),
]


@pytest.mark.parametrize(("answers", "message"), BAD, ids=[str(answers) for answers, _ in BAD])
def test_an_answer_that_would_break_the_project_is_refused(
    plain: Path, tmp_path: Path, answers: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the text is looked at below
        answer(plain, tmp_path / "late", **answers)
    text = str(refused.value)
    assert message in text
    assert any(f"'{key}'" in text for key in (*answers, "package_name"))
    assert not (tmp_path / "late").exists()


# ------------------------------------------------------------------------------------ good answers


def test_the_folder_names_the_project(plain: Path, tmp_path: Path) -> None:
    answer(plain, tmp_path / "Late flights")
    text = (tmp_path / "Late flights" / "pyproject.toml").read_text()
    assert tomllib.loads(text)["project"]["name"] == "late-flights"
    assert (tmp_path / "Late flights" / "src" / "late_flights" / "features.py").exists()


@pytest.mark.parametrize(
    ("folder", "name", "package"),
    [
        ("2024-churn", "churn", "churn"),
        ("my.project", "my-project", "my_project"),
        ("p", "p", "p"),
        ("churn_", "churn", "churn"),
        ("what? now", "what- now", "what_now"),
        ("a%20b", "a-20b", "a_20b"),
        ("日本", "my-project", "my_project"),
        ("email", "email", "email_model"),
        ("Class", "Class", "class_model"),
        ("Off", "Off", "off_model"),
    ],
)
def test_whatever_the_folder_is_called_nobody_need_be_asked(
    plain: Path, tmp_path: Path, folder: str, name: str, package: str
) -> None:
    answer(plain, tmp_path / folder)
    answers = YAML(typ="safe").load(tmp_path / folder / ".copier-answers.yml")
    assert (answers["project_name"], answers["package_name"]) == (name, package)
    assert (tmp_path / folder / "src" / package / "features.py").exists()


def test_answers_can_come_from_a_file_alone(plain: Path, tmp_path: Path) -> None:
    """Nobody is there to be asked in CI: the command itself, without a terminal."""
    answers, target = tmp_path / "answers.yml", tmp_path / "late"
    answers.write_text("project_name: Late\nci: none\npython_version: 3.12\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "copier",
            "copy",
            "--defaults",
            "--data-file",
            answers,
            plain,
            target,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "make setup" in done.stderr
    assert (target / ".python-version").read_text() == "3.12\n"
    assert not (target / ".github").exists()
