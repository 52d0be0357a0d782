"""Ingest from an object store, and DVC remotes: against a real S3 server on this machine."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins.api.errors import ExitCode
from tests.helpers.ingesting import CACHE, choose, ingested, table
from tests.helpers.projects import Project, begin, git, give_environment, render
from tests.helpers.refusals import assert_refused, assert_told, contents
from tests.helpers.services import s3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

ROWS = "month,bought\n{month},0\n{month},1\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Server]:
    with s3.running(tmp_path_factory.mktemp("s3") / "buckets") as running:
        for month in (1, 2, 3):
            running.write(f"shop/sales/month={month}/rows.csv", ROWS.format(month=month)[6:])
            running.write(f"shop/flat/{month}.csv", ROWS.format(month=month))
        running.write("shop/flat/readme.md", "Not data")
        (running.folder / "store").mkdir()
        yield running


@pytest.fixture(scope="module")
def shop_once(
    template: Path, server: s3.Server, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    answers = {
        "data_source": "file",
        "data_path": "s3://shop/flat/*.csv",
        "target_column": "bought",
        "dvc_remote": "s3",
        "dvc_remote_url": "s3://store/shop",
    }
    project = begin(render(template, tmp_path_factory.mktemp("bucket") / "shop", **answers))
    project.mlops("run", "ingest", **server.environment())
    project.commit()
    return project


def test_objects_behind_a_pattern_are_read_and_reported(shop: Project, server: s3.Server) -> None:
    shop.mlops("run", "ingest", **server.environment())
    assert table(shop).column("month").to_pylist() == [1, 1, 2, 2, 3, 3]
    described = ingested(shop)[1]["details"]["files"]
    assert [each["file"] for each in described] == [f"s3://shop/flat/{i}.csv" for i in (1, 2, 3)]
    assert all(len(each["etag"]) == 32 and each["rows"] == 2 for each in described)


def test_only_changed_objects_are_read_again(shop: Project, server: s3.Server) -> None:
    choose(shop, "file", path="s3://shop/sales/")
    server.write("shop/sales/month=3/rows.csv", "age,bought\n30,0\n40,1\n")
    for month in (1, 2):
        server.write(f"shop/sales/month={month}/rows.csv", "age,bought\n30,0\n40,1\n")

    def again() -> tuple[str, tuple[bytes, dict[str, Any]]]:
        return shop.mlops("run", "ingest", **server.environment()).stderr, ingested(shop)

    assert "6 rows, 3 columns" in again()[0]
    server.write("shop/sales/month=2/rows.csv", "age,bought\n50,0\n60,1\n70,1\n")
    told, once = again()
    assert "7 rows" in told
    assert "(1 of 3 files converted)" in told
    assert table(shop).column("month").to_pylist() == [1, 1, 2, 2, 2, 3, 3]
    shutil.rmtree(shop.root / CACHE)
    assert again()[1] == once


FAILURES = {
    "a missing object": ("s3://shop/nope.csv", ["s3://shop/nope.csv does not exist"]),
    "a missing bucket": ("s3://nope/flat/1.csv", ["s3://nope/flat/1.csv does not exist"]),
    "a folder of a missing bucket": ("s3://nope/flat/", ["does not exist", "check the bucket"]),
    "a pattern in a missing bucket": ("s3://nope/*.csv", ["does not exist", "check the bucket"]),
    "a pattern that fits nothing": ("s3://shop/*.csv", ["no data file in s3://shop/*.csv"]),
    "an empty folder": ("s3://shop/nope/", ["no data file in s3://shop/nope/"]),
}


@pytest.mark.parametrize(("path", "parts"), FAILURES.values(), ids=FAILURES)
def test_what_is_not_there_is_reported(
    shop: Project, server: s3.Server, path: str, parts: list[str]
) -> None:
    refused(shop, path, *parts, **server.environment())


def refused(shop: Project, path: str, *parts: str, **environment: str) -> None:
    choose(shop, "file", path=path, timeout=1.0)
    before = contents(shop.root)
    done = shop.mlops("run", "ingest", check=False, **environment)
    assert_refused(done, ExitCode.DATA, *parts)
    assert contents(shop.root) == before
    assert s3.SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "path", ["s3://shop/flat/1.csv", "s3://shop/flat/", "s3://shop/flat/*.csv"]
)
def test_denied_access_is_reported(shop: Project, server: s3.Server, path: str) -> None:
    wrong = server.environment(secret="another")  # noqa: S106
    refused(shop, path, f"{path} may not be read", "AWS_ACCESS_KEY_ID", **wrong)


def test_a_server_that_is_down_or_silent_is_reported(shop: Project, server: s3.Server) -> None:
    path = "s3://shop/flat/1.csv"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nobody = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        environment = {**server.environment(), **nobody}
        refused(shop, path, f"{path} cannot be reached", "AWS_ENDPOINT_URL", **environment)
        silent.listen()
        refused(shop, path, f"{path} cannot be reached in time", "raise timeout", **environment)


def test_missing_credentials_are_reported(shop: Project, server: s3.Server, tmp_path: Path) -> None:
    nothing = {"AWS_ENDPOINT_URL": server.endpoint, "HOME": str(tmp_path)}
    path = "s3://shop/flat/1.csv"
    refused(
        shop,
        path,
        "without credentials",
        "AWS_PROFILE",
        AWS_EC2_METADATA_DISABLED="true",
        **nothing,
    )


def test_an_unknown_kind_of_store_is_reported(shop: Project) -> None:
    choose(shop, "file", path="nope://shop/rows.csv")
    done = shop.mlops("run", "ingest", check=False)
    assert_refused(
        done, ExitCode.CONFIGURATION, "Nothing that is installed reads nope://", "uv add"
    )


# ------------------------------------------------------------------------------------ DVC remotes


def shared(project: Project, clone: Path) -> None:
    """Push what ingest wrote, and pull it into a clone that has nothing."""
    project.dvc("repro", "ingest")
    project.commit("Ingested")
    content = ingested(project)
    assert_told(project.dvc("push"), "pushed")
    git(clone.parent, "clone", "--quiet", str(project.root), str(clone))
    other = Project(clone)
    give_environment(other)
    assert not (clone / "data/raw.parquet").exists()
    other.dvc("pull", "ingest")
    assert ingested(other) == content


def test_data_are_shared_by_a_bucket(
    shop: Project, server: s3.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    shared(shop, tmp_path / "clone")
    assert list((server.folder / "store/shop/files/md5").iterdir())
    assert s3.SECRET not in shop.read(".dvc/config")


def test_data_are_shared_by_a_folder_beside_the_project(
    finished: Project, project: Project, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    # Beside each project is the same folder: on a shared disk, or here by a link.
    (tmp_path / "late-dvc-store").mkdir()
    (tmp_path / "others/late-dvc-store").symlink_to(tmp_path / "late-dvc-store")
    shared(project, tmp_path / "others" / "late")
    assert list((tmp_path / "late-dvc-store/files/md5").iterdir())
