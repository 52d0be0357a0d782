"""What a project chose is what its image runs: an exported model, served where there is no project."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.artifacts import files, tables
from tests.helpers.registering import Home, with_champion
from tests.helpers.serving import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def exported(folder: Path, **serve: Any) -> tuple[Home, Path]:
    """Return a project that serves so, and a folder as in an image: the exported model, no project."""
    home = with_champion(folder)
    params = files.read_json(home.root / "params.yaml")
    params["serve"] = {"name": "fastapi", **serve}
    params["monitor"] = {"name": "drift"}
    files.write_json(home.root / "params.yaml", params)
    image = folder / "image"
    home.done("export", "--to", str(image / "models" / "champion"))
    return home, image


@contextmanager
def serving(image: Path) -> Iterator[httpx.Client]:
    command = (sys.executable, "-m", "mlops_plugins", "serve", "--model", "models/champion")
    with (
        listening(*command, folder=image) as (_, address),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        yield http


def rows(home: Home, count: int) -> list[dict[str, Any]]:
    """Return rows to score, as JSON has them."""
    frame = tables.read_frame(home.root / "data/splits/test.parquet").head(count)
    read: list[dict[str, Any]] = json.loads(
        frame.drop(columns="late").to_json(orient="records", date_format="iso")
    )
    return [
        {
            key: re.sub(r"\.000Z?$", "", value) if isinstance(value, str) else value
            for key, value in row.items()
        }
        for row in read
    ]


def test_options_and_version_travel_and_the_monitor_sees_what_was_served(tmp_path: Path) -> None:
    home, image = exported(tmp_path, max_rows=2)
    with serving(image) as http:
        assert http.get("/healthz").json()["version"] == "1"
        sent = http.post("/predict", json={"rows": rows(home, 2)})
        assert sent.status_code == 200, sent.text
        assert http.post("/predict", json={"rows": rows(home, 3)}).status_code == 413
    logged = (image / "monitoring" / "predictions").glob("*.jsonl")
    records = [json.loads(line) for file in logged for line in file.read_text().splitlines()]
    assert [record["version"] for record in records] == ["1", "1"]
    (home.root / "monitoring").mkdir()
    (image / "monitoring" / "predictions").rename(home.root / "monitoring" / "predictions")
    done = home.mlops("monitor")
    assert "insufficient_data" in done.stdout
    assert "2" in done.stdout.partition("\n")[2], done.output


def test_a_project_that_does_not_log_does_not_in_its_image(tmp_path: Path) -> None:
    home, image = exported(tmp_path, log_predictions=False)
    with serving(image) as http:
        assert http.post("/predict", json=rows(home, 1)[0]).status_code == 200
    assert not list(image.rglob("*.jsonl"))


def test_the_exported_model_is_the_registered_one(tmp_path: Path) -> None:
    home, image = exported(tmp_path)
    champion = home.champion()
    assert champion is not None
    folder = image / "models" / "champion"
    assert files.digest(folder, without="export.json") == champion.digest
    assert files.read_json(folder / "export.json") == {
        "version": "1",
        "model": champion.digest,
        "serve": {"name": "fastapi"},
    }


@pytest.mark.parametrize(
    "change", ["{", '{"version": "2"}', '{"version": 2, "model": "", "serve": 1}']
)
def test_an_export_whose_file_was_changed_is_not_served(tmp_path: Path, change: str) -> None:
    _home, image = exported(tmp_path)
    (image / "models" / "champion" / "export.json").write_text(change)
    done = Home(image).mlops("serve", "--model", str(image / "models" / "champion"))
    assert done.exit_code == ExitCode.MODEL
    assert "export.json is corrupt, or about another model" in done.stderr


def test_a_service_that_the_image_lacks_is_named(tmp_path: Path) -> None:
    _, image = exported(tmp_path)
    file = image / "models" / "champion" / "export.json"
    files.write_json(file, {**files.read_json(file), "serve": {"name": "another"}})
    done = Home(image).mlops("serve", "--model", str(image / "models" / "champion"))
    assert done.exit_code == ExitCode.CONFIGURATION
    assert "There is no implementation 'another' of serve." in done.stderr
