"""A copy of this repository as a template, projects rendered from it, and their environments."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]

GIT = [
    "git",
    "-c",
    "user.name=Test",
    "-c",
    "user.email=test@example.com",
    "-c",
    "commit.gpgsign=false",
]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, message: str, tag: str | None = None) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)
    if tag:
        git(folder, "tag", tag)


def clone_work_tree(target: Path) -> Path:
    """Copy what git tracks, and what it would, as one commit: tests see uncommitted work too."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    git(target, "init", "--quiet", "--initial-branch=main")
    commit(target, "The work tree", tag="v0.2.0")
    return target


UNMEASURED = {"COVERAGE_PROCESS_CONFIG": ""}
"""For processes that do much, and nothing that is not measured elsewhere: a third quicker so."""


@dataclass(frozen=True)
class Project:
    """A rendered project, and its commands."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which the project's commands are found."""
        scripts = self.root / ".venv" / "bin"
        path = os.pathsep.join([str(scripts), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}

    def run(
        self, *command: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.root,
            text=True,
            capture_output=True,
            check=False,
            env={**self.environment, **environment},
        )
        if check and done.returncode:
            raise AssertionError(
                f"{command} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done

    def mlops(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return self.run("mlops", *arguments, check=check, **environment)

    def dvc(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("python", "-m", "dvc", *arguments, check=check, **UNMEASURED)

    def repro(self, *targets: str) -> list[str]:
        """Run `dvc repro`, of these stages or of all, and return the stages that ran after compose."""
        return ran(self.dvc("repro", *targets).stdout)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def yaml(self, name: str) -> Any:
        return YAML(typ="safe").load(self.root / name)

    def toml(self) -> dict[str, Any]:
        return tomllib.loads(self.read("pyproject.toml"))

    def files(self) -> set[str]:
        return {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_file() or path.is_symlink()
        }

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def commit(self, message: str = "Work") -> None:
        commit(self.root, message)


def ran(output: str) -> list[str]:
    """Return the stages that `dvc` says it ran, in order, but for compose, which it always runs."""
    lines = [line for line in output.splitlines() if line.startswith("Running stage '")]
    return [name for line in lines if (name := line.split("'")[1]) != "compose"]


def mlops_with_site(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder beside `site`, whose distributions it finds."""
    return subprocess.run(
        [sys.executable, "-m", "mlops_plugins", "--project", str(root), *arguments],
        env={**os.environ, "PYTHONPATH": str(root.parent / "site")},
        capture_output=True,
        text=True,
        check=False,
    )


def write_distribution(
    folder: Path, name: str, code: str, *, version: str = "1.2", requires: tuple[str, ...] = ()
) -> Path:
    """Write a distribution of one plugin module, as an installer would leave it in `folder`."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires)]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines]) + "\n")
    (info / "entry_points.txt").write_text(f"[mlops_plugins]\n{name} = {module}\n")
    return info


def render(template: Path, target: Path, **answers: Any) -> Project:
    copier.run_copy(str(template), target, data=answers, defaults=True, vcs_ref="HEAD", quiet=True)
    return Project(target)


def give_environment(project: Project) -> None:
    """Give the project an environment of its own above the one that runs the tests.

    It has what the tests' environment has, and the project itself installed, so that its plugin is
    found; building a whole environment is left to the tests that are about it.
    """
    home = project.root / ".venv"
    venv.create(home, with_pip=False, symlinks=True)
    packages = next((home / "lib").glob("python3*/site-packages"))
    below = [path for path in site.getsitepackages() if path.endswith("site-packages")]
    (packages / "below.pth").write_text(
        "".join(f"import site; site.addsitedir({path!r})\n" for path in below)
    )
    subprocess.run(
        [
            "uv",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--offline",
            "--python",
            str(home / "bin" / "python"),
            "--editable",
            str(project.root),
        ],
        check=True,
    )
    script = home / "bin" / "mlops"
    # As an installer writes it: a process that a stage starts imports it again.
    guarded = 'if __name__ == "__main__":\n    main()\n'
    script.write_text(f"#!{home}/bin/python\nfrom mlops_plugins.cli import main\n{guarded}")
    script.chmod(0o755)


def begin(project: Project) -> Project:
    """Do what `make setup` does, on the tests' own environment."""
    give_environment(project)
    project.write("uv.lock", "version = 1\n")
    git(project.root, "init", "--quiet", "--initial-branch=main")
    git(project.root, "config", "user.name", "Test")
    git(project.root, "config", "user.email", "test@example.com")
    project.mlops("compose")
    project.commit("Begin from the template")
    return project


def shorten(project: Project) -> None:
    """Let the project learn from ten days: enough for every stage, and quick."""
    project.edit("conf/ingest/sample.yaml", "since: '2013-01-01'", "since: '2013-06-20'")
    project.edit("conf/train/sklearn.yaml", "max_iter: 600", "max_iter: 40")
    project.edit("conf/evaluate/metrics.yaml", "resamples: 100", "resamples: 20")
    project.edit("conf/explain/permutation.yaml", "rows: 5000", "rows: 500")
    project.commit("Learn from less")
