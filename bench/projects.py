"""What is measured: this template, a project made from it, and the small things beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "src" / "mlops_plugins" / "stages" / "ingest" / "flights.parquet"

IDENTITY = {"GIT_AUTHOR_NAME": "Bench", "GIT_AUTHOR_EMAIL": "bench@example.com"}
QUIET = {"DO_NOT_TRACK": "1", "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}


def environment(*search_path: Path, first: Path | None = None) -> dict[str, str]:
    """Return an environment with this Python's commands, and `search_path` to import from.

    Args:
        search_path: Folders for PYTHONPATH.
        first: A folder of commands to be found before all others.
    """
    unwanted = ("PYTHON", "MLFLOW_", "DVC_", "OMP_", "OPENBLAS_", "MKL_", "GIT_", "VIRTUAL_ENV")
    # Without PYTHONDONTWRITEBYTECODE above all: each process would compile what it imports.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    folders = [str(first)] * (first is not None) + [str(Path(sys.executable).parent)]
    made = (
        kept
        | QUIET
        | IDENTITY
        | {name.replace("AUTHOR", "COMMITTER"): value for name, value in IDENTITY.items()}
    )
    made["PATH"] = os.pathsep.join([*folders, kept["PATH"]])
    if search_path:
        made["PYTHONPATH"] = os.pathsep.join(map(str, search_path))
    return made


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder."""
    command = ["git", "-c", "commit.gpgsign=false", *arguments]
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, env=environment()
    )
    return done.stdout


def commit(folder: Path) -> None:
    """Make a repository of a folder, with one commit and a version."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "--message", "Begin")
    git(folder, "tag", "v0.2.0")


def this_template(target: Path) -> Path:
    """Copy the work tree, with what is not committed yet, as a template."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    commit(target)
    return target


def small_template(target: Path) -> Path:
    """Make a template of three files and one question."""
    (target / "template").mkdir(parents=True)
    (target / "copier.yml").write_text(
        "_subdirectory: template\nname:\n  type: str\n  default: small\n"
    )
    contents = {
        "README.md.jinja": "# {{ name }}\n",
        "hello.py": 'print("hello")\n',
        "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    }
    for name, text in contents.items():
        (target / "template" / name).write_text(text)
    commit(target)
    return target


def copier(template: Path, target: Path) -> list[str]:
    """Return the command that renders a template with its default answers."""
    flags = ["--defaults", "--quiet", "--vcs-ref", "HEAD"]
    return [sys.executable, "-m", "copier", "copy", *flags, str(template), str(target)]


@dataclass(frozen=True)
class Demo:
    """The default project, ready to run, and the environment in which its commands run."""

    pristine: Path
    installed: Path

    @property
    def search_path(self) -> list[Path]:
        """Return what makes the project's own plugin importable, as an installation does."""
        return [self.installed, self.pristine / "src"]

    def fresh(self, target: Path) -> None:
        """Put the project at `target` as it was before its pipeline ever ran."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.pristine, target, symlinks=True)

    def stages(self) -> list[str]:
        """Return the pipeline's stages in their order."""
        from ruamel.yaml import YAML

        return list(YAML(typ="safe").load(self.pristine / "dvc.yaml")["stages"])


def demo(template: Path, folder: Path) -> Demo:
    """Render the default project, and do what its `make setup` does."""
    made = Demo(folder / "demo", folder / "installed")
    subprocess.run(copier(template, made.pristine), check=True, env=environment())
    _install(made)
    (made.pristine / "uv.lock").write_text("version = 1\n")
    command = [sys.executable, "-m", "mlops_plugins", "compose"]
    subprocess.run(command, cwd=made.pristine, check=True, env=environment(*made.search_path))
    commit(made.pristine)
    return made


def _install(made: Demo) -> None:
    """Write the metadata by which Python finds the project's plugin."""
    project = tomllib.loads((made.pristine / "pyproject.toml").read_text())["project"]
    name = project["name"].replace("-", "_")
    folder = made.installed / f"{name}-{project['version']}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")


def empty_pipeline(folder: Path, stages: int) -> Path:
    """Make a DVC pipeline of stages that copy one small file each."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "0").write_text("0\n")
    written = [
        f"  s{number}:\n    cmd: cp {number} {number + 1}\n"
        f"    deps: ['{number}']\n    outs: ['{number + 1}']\n"
        for number in range(stages)
    ]
    (folder / "dvc.yaml").write_text("stages:\n" + "".join(written))
    for arguments in (["init", "--quiet"], ["repro", "--quiet"]):
        command = [sys.executable, "-m", "dvc", *arguments]
        subprocess.run(command, cwd=folder, check=True, env=environment())
    return folder
