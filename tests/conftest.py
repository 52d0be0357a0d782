"""Fixtures of all tests: the template, projects rendered from it, and a browser."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins.runtime.threads import cap_threads
from tests.helpers.browser import browser
from tests.helpers.projects import (
    Project,
    begin,
    clone_work_tree,
    give_environment,
    render,
    shorten,
)
from tests.helpers.refusals import restore, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["browser"]

# As stages do: on a machine that other tests keep busy, more threads are many times slower.
cap_threads(1)


LONGEST = ("tests/docs/test_tutorial.py", "tests/full/", "tests/projects/", "tests/stages/tune/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it when the other is done."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def _no_surprises_from_outside() -> None:
    """Keep what is measured and written the same, whoever runs the tests, and from wherever."""
    # Ignored by what a shell starts in the background, and so by the services that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.environ.pop("MLFLOW_REGISTRY_URI", None)
    os.environ |= {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "1"}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone_work_tree(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose pipeline has run; shared, so tests that change it take `project` instead."""
    project = begin(render(template, tmp_path_factory.mktemp("finished") / "late"))
    shorten(project)
    project.dvc("repro")
    project.commit("The first model")
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A finished project of one's own, to be changed."""
    copy = Project(tmp_path / "late")
    shutil.copytree(
        finished.root,
        copy.root,
        symlinks=True,
        ignore=shutil.ignore_patterns(".venv", "mlflow.db", "mlartifacts"),
    )
    give_environment(copy)
    shutil.copytree(finished.root / "mlartifacts", copy.root / "mlartifacts")
    shutil.copyfile(finished.root / "mlflow.db", copy.root / "mlflow.db")
    return copy


@pytest.fixture
def shop(shop_once: Project) -> Iterator[Project]:
    """The module's own `shop_once`; what a test does to it is undone."""
    before = snapshot(shop_once.root)
    yield shop_once
    restore(shop_once.root, before)


@pytest.fixture
def fresh(template: Path, tmp_path: Path) -> Callable[..., Project]:
    """Return a function that renders a project and makes it ready, its pipeline not run."""

    def make(**answers: Any) -> Project:
        return begin(render(template, tmp_path / "late", **answers))

    return make
