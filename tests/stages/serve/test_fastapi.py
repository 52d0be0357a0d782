"""The service, asked over HTTP: the numbers of every other door, and a clear no to bad requests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.helpers.projects import Project
from tests.helpers.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

pytestmark = pytest.mark.slow

ROWS = 25


@dataclass(frozen=True)
class Service:
    """A server with the champion, and what it asks of requests."""

    project: Project
    http: httpx.Client
    rows: pd.DataFrame

    @property
    def records(self) -> list[dict[str, Any]]:
        """The rows as a client writes them: times as text, nulls as null."""
        times = self.rows.assign(
            scheduled=self.rows["scheduled"].map(lambda time: time.isoformat())
        )
        found: list[dict[str, Any]] = (
            times.astype(object).where(times.notna(), None).to_dict("records")
        )
        return found

    def row(self, **changes: Any) -> dict[str, Any]:
        """Return a good row with changes; `...` removes a field."""
        changed = self.records[0] | changes
        return {key: value for key, value in changed.items() if value is not ...}

    def predict(self, body: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/predict", content=content)

    def log(self) -> list[dict[str, Any]]:
        """Return what the service has logged, by now."""
        folder = self.project.root / "monitoring" / "predictions"
        lines = [line for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    def counters(self) -> dict[str, float]:
        """Return the requests by status, and the rows."""
        text = self.http.get("/metrics").text
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        found = {s.labels["status"]: s.value for s in samples if s.name == "predict_requests_total"}
        rows = sum(s.value for s in samples if s.name == "predicted_rows_total")
        return found | {"rows": rows}


@pytest.fixture(scope="module")
def service(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve the champion from a folder that has only what that takes, and so keeps its own log."""
    home = tmp_path_factory.mktemp("serving")
    for name in ("params.yaml", "mlflow.db"):
        shutil.copyfile(finished.root / name, home / name)
    rows = pd.read_parquet(finished.root / "data/splits/test.parquet").head(ROWS)
    rows = rows.drop(columns="late")
    rows.to_parquet(home / "rows.parquet")
    with serving(finished, home) as http:
        yield Service(Project(home), http, rows)


def in_mlflow(root: Path, code: str) -> str:
    """Run code in a process that has the project's registry; return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{root / 'mlflow.db'}"},
    ).stdout


def test_health_names_the_model_and_its_version(service: Service) -> None:
    assert service.http.get("/healthz").json() == {"status": "ok", "model": "late", "version": "1"}


def test_every_door_gives_the_same_numbers(service: Service, finished: Project) -> None:
    root = service.project.root
    alone = [service.predict(row).json()["predictions"][0]["score"] for row in service.records[:5]]
    answer = service.predict({"rows": service.records}).json()
    assert answer["version"] == "1"
    batch = [prediction["score"] for prediction in answer["predictions"]]

    command = [
        "--project",
        str(root),
        "predict",
        str(root / "rows.parquet"),
        "-o",
        str(root / "scores.parquet"),
    ]
    finished.mlops(*command, "--no-log")
    file = pd.read_parquet(root / "scores.parquet")["score"].tolist()

    code = (
        "import json, mlflow, pandas\n"
        "model = mlflow.pyfunc.load_model('models:/late@champion')\n"
        "scores = model.predict(pandas.read_parquet('rows.parquet'))['score']\n"
        "print(json.dumps(scores.tolist()))"
    )
    printed = in_mlflow(root, code)
    assert len(set(batch)) > 1
    assert alone == batch[:5]
    assert file == batch
    assert json.loads(printed) == batch


REFUSED: dict[str, dict[str, Any]] = {
    "a null": {"departure_delay": None},
    "an infinity": {"temperature": float("inf")},
    "a category": {"origin": "ZZZ"},
    "no time": {"scheduled": "soon"},
}
TAKEN: dict[str, dict[str, Any]] = {
    "a time with a zone": {"scheduled": "2013-06-27T10:00:00+02:00"},
    "a category of many": {"dest": "ZZZ"},
}


def test_every_door_refuses_and_takes_the_same(service: Service, finished: Project) -> None:
    root = service.project.root
    pd.DataFrame([service.row(**each) for each in TAKEN.values()]).to_csv(
        root / "taken.csv", index=False
    )
    table, scores = ["--project", str(root), "predict"], str(root / "scores.parquet")
    finished.mlops(*table, str(root / "taken.csv"), "-o", scores, "--no-log")
    file = pd.read_parquet(scores)["score"].tolist()
    answers = [service.predict(service.row(**each)) for each in TAKEN.values()]
    assert [answer.json()["predictions"][0]["score"] for answer in answers] == file
    in_utc = service.predict(service.row(scheduled="2013-06-27T08:00:00"))
    assert in_utc.json()["predictions"][0]["score"] == file[0]
    missing = service.predict(service.row(dest=None))
    assert missing.status_code == 422

    code = (
        "import json, mlflow, pandas\n"
        "model = mlflow.pyfunc.load_model('models:/late@champion')\n"
        "rows = pandas.read_parquet('rows.parquet').head(1)\n"
        "def taken(**change):\n"
        "    try: return model.predict(rows.assign(**change))['score'].tolist()\n"
        "    except Exception: return None\n"
        f"refused = [taken(**each) for each in {list(REFUSED.values())!r}]\n"
        f"scores = [taken(**each) for each in {list(TAKEN.values())!r}]\n"
        "zone = pandas.Timestamp('2013-06-27T10:00:00+02:00')\n"
        "print(json.dumps([refused, [taken(scheduled=zone), *scores]]))"
    ).replace("inf}", "float('inf')}")
    printed = in_mlflow(root, code)
    refused, scores = json.loads(printed)
    assert refused == [None] * len(REFUSED)
    assert scores == [[file[0]], *([score] for score in file)]

    for change in REFUSED.values():
        row = service.row(**change)
        assert service.predict(row).status_code == 422
        pd.DataFrame([row]).to_csv(root / "refused.csv", index=False)
        done = finished.mlops(
            *table, str(root / "refused.csv"), "-o", str(root / "none.parquet"), check=False
        )
        assert done.returncode == 4
        assert f"column {next(iter(change))}" in done.stderr
    assert not (root / "none.parquet").exists()


def test_requests_and_answers_are_logged(service: Service) -> None:
    before = len(service.log())
    answers = service.predict({"rows": service.records[:3]}).json()["predictions"]
    logged = service.log()[before:]
    assert [entry["prediction_id"] for entry in logged] == [a["prediction_id"] for a in answers]
    assert [entry["row"]["flight_id"] for entry in logged] == [a["flight_id"] for a in answers]
    for entry, answer, row in zip(logged, answers, service.records, strict=False):
        assert entry["score"] == answer["score"]
        assert entry["version"] == "1"
        assert "time_of_prediction" in entry
        assert entry["row"] == row


def test_metrics_count_requests_and_rows(service: Service) -> None:
    before = service.counters()
    service.predict({"rows": service.records[:4]})
    service.predict(service.row(carrier="ZZ"))
    service.predict(b"{")
    after = service.counters()
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert {key: value for key, value in grown.items() if value} == {
        "200": 1,
        "422": 1,
        "400": 1,
        "rows": 4,
    }


FIELDS = {
    "missing": ({"carrier": ...}, "carrier", "required", "one of 9E, AA"),
    "type": ({"departure_delay": "late"}, "departure_delay", "valid integer", "integer"),
    "null": ({"departure_delay": None}, "departure_delay", "valid integer", "integer"),
    "fraction": ({"departure_delay": 1.5}, "departure_delay", "valid integer", "integer"),
    "category": ({"origin": "ZZZ"}, "origin", "'EWR', 'JFK' or 'LGA'", "one of EWR, JFK, LGA"),
    "not a number": ({"distance": float("nan")}, "distance", "", "integer"),
    "infinite": ({"temperature": float("inf")}, "temperature", "finite number", "number"),
    "unknown": ({"colour": "red"}, "colour", "not permitted", "the fields scheduled, carrier"),
    "target": ({"late": True}, "late", "not permitted", ""),
    "no time": ({"scheduled": "soon"}, "scheduled", "no datetime", "ISO 8601"),
    "a large id": ({"flight_id": 2**64}, "flight_id", "less than", "integer"),
    "too large": ({"departure_delay": 10**30}, "departure_delay", "no integer", "integer"),
    "wraps around": ({"departure_delay": 2**63}, "departure_delay", "no integer", "integer"),
}


@pytest.mark.parametrize(("changes", "field", "what", "expected"), FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("many", [False, True], ids=["row", "batch"])
def test_a_wrong_field_is_named_and_nothing_is_logged(
    service: Service, changes: dict[str, Any], field: str, what: str, expected: str, many: bool
) -> None:
    before = len(service.log())
    row = service.row(**changes)
    response = service.predict({"rows": [service.records[1], row]} if many else row)
    assert response.status_code == 422
    told = response.json()["errors"][0]
    assert field in told["where"]
    assert what in told["what"]
    assert expected in told["expected"]
    assert told["next"]
    assert len(service.log()) == before


BODIES = {
    "no rows": (b'{"rows": []}', 422, "rows", "0 rows", "1 to 1000 rows"),
    "rows that are none": (b'{"rows": "all"}', 422, "rows", "valid array", "the fields"),
    "a list": (b"[1]", 422, "", "object", "the fields"),
    "no JSON": (b"{nope", 400, "body", "no valid JSON", "JSON"),
    "nothing": (b"", 400, "body", "no valid JSON", "JSON"),
    "no UTF-8": (b'{"carrier": "\xff"}', 400, "body", "no valid JSON", "JSON"),
    "nested": (b"[" * 100_000, 400, "body", "recursion", "JSON"),
    "too large": (b" " * 30_000_000, 413, "body", "too large", "at most 8.0 MB"),
}


@pytest.mark.parametrize(
    ("body", "status", "where", "what", "expected"), BODIES.values(), ids=BODIES
)
def test_a_wrong_body_is_refused_and_the_service_goes_on(
    service: Service, body: bytes, status: int, where: str, what: str, expected: str
) -> None:
    response = service.predict(body)
    assert response.status_code == status
    told = response.json()["errors"][0]
    assert told["where"] == where
    assert what in told["what"]
    assert expected in told["expected"]
    assert told["next"]
    assert service.predict(service.row()).status_code == 200


def test_a_batch_with_too_many_rows_is_refused(service: Service) -> None:
    response = service.predict({"rows": [service.row()] * 1001})
    assert response.status_code == 413
    assert "1001 rows" in response.json()["errors"][0]["what"]
    assert service.predict({"rows": [service.row()] * 1000}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_refused_with_the_one_that_is_allowed(
    service: Service, method: str
) -> None:
    response = service.http.request(method, "/predict")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


def test_the_interface_describes_the_fields(service: Service) -> None:
    described = service.http.get("/openapi.json").json()["paths"]["/predict"]["post"]
    row = described["requestBody"]["content"]["application/json"]["schema"]["anyOf"][1]
    assert set(row["properties"]) == set(service.rows.columns)
    assert row["properties"]["origin"]["enum"] == ["EWR", "JFK", "LGA"]


def test_a_port_that_is_taken_is_named(finished: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = finished.mlops("serve", "--port", str(port), check=False)
    assert done.returncode == 3
    assert f"cannot listen at 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
