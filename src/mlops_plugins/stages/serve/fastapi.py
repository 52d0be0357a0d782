"""Serve the model over HTTP with FastAPI.

POST /predict   one row, or {"rows": [...]}
GET  /healthz   whether the model is loaded, and which
GET  /metrics   for Prometheus
GET  /docs      the interface, with the request's fields as the schema describes them
"""

# No postponed annotations here: FastAPI reads a handler's annotations when it is defined, and the
# names are imported inside a function.
import socket
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Optional

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import ConfigurationError, DataError
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.artifacts.prediction_log import PredictionLog

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from pydantic import BaseModel, ValidationError

    from mlops_plugins.api.context import Context
    from mlops_plugins.artifacts.schema import Column

MAX_SHOWN_ERRORS = 10
MAX_SHOWN_VALUES = 20


class Service(Component):
    """Answers requests that keep the schema, and logs requests and answers."""

    max_rows: int = Field(1000, ge=1, description="Maximum number of rows in one request.")
    max_megabytes: float = Field(8.0, gt=0, description="Maximum size of a request, in MB.")
    log_predictions: bool = Field(True, description="Keep requests and answers for monitoring.")

    def serve(
        self, context: "Context", *, model: "Path", version: str, log: "Path", host: str, port: int
    ) -> None:
        """Serve until interrupted."""
        import uvicorn

        application = self.application(context, open_model(model), version, log)
        listener = _listen(host, port)
        address = f"http://{host}:{listener.getsockname()[1]}"
        context.log(f"serving {context.project} version {version} at {address} (see /docs)")
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
        server.run(sockets=[listener])

    def application(self, context: "Context", model: Model, version: str, log: "Path") -> "FastAPI":
        """Return the ASGI application, for a server of your own."""
        from fastapi import FastAPI, Request, Response
        from fastapi.concurrency import run_in_threadpool
        from fastapi.responses import JSONResponse

        handler = RequestHandler(
            self, model, version, PredictionLog(log) if self.log_predictions else None
        )
        request_metrics = RequestMetrics(context.project, version)
        application = FastAPI(title=context.project, version=version)

        @application.post("/predict", openapi_extra=handler.described())
        async def predict(request: Request) -> JSONResponse:
            started = time.perf_counter()
            body = await _read(request, int(self.max_megabytes * 1e6))
            # In a thread: a prediction keeps the CPU, and /healthz must still answer.
            status, answer = await run_in_threadpool(handler.answer, body)
            request_metrics.observe(status, answer, time.perf_counter() - started)
            return JSONResponse(answer, status_code=status)

        @application.get("/healthz")
        def healthz() -> dict[str, str]:
            return {"status": "ok", "model": context.project, "version": version}

        @application.get("/metrics")
        def metrics() -> Response:
            return Response(request_metrics.exposition(), media_type="text/plain; version=0.0.4")

        return application


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"The service cannot listen at {host}:{port}: {error.strerror}.",
            where="--host, --port",
            next_step="stop what listens there, or choose another port: mlops serve --port 8001",
        ) from None


async def _read(request: Any, limit: int) -> bytes | None:
    """Return the body, or None if it is larger than `limit` bytes.

    What is too much is read all the same, and not kept: many clients hear an answer only when they
    have sent everything.
    """
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
    return bytes(body) if size <= limit else None


class RequestHandler:
    """From the bytes of a request to a status and an answer."""

    def __init__(
        self, service: Service, model: Model, version: str, log: PredictionLog | None
    ) -> None:
        from pydantic import TypeAdapter

        self._service, self._model, self._version, self._log = service, model, version, log
        self._row = row_model(model)
        self._one: TypeAdapter[Any] = TypeAdapter(self._row)
        self._many: TypeAdapter[Any] = TypeAdapter(_batch_model(self._row))

    def described(self) -> dict[str, Any]:
        """Return what OpenAPI says of the request."""
        row = self._row.model_json_schema()
        many = {
            "type": "object",
            "required": ["rows"],
            "properties": {"rows": {"type": "array", "items": row}},
        }
        return {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"anyOf": [many, row]}}},
            }
        }

    def answer(self, body: bytes | None) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer."""
        from pydantic import ValidationError
        from pydantic_core import from_json

        if body is None:
            return _refusal(
                413,
                "The request is too large.",
                expected=f"at most {self._service.max_megabytes} MB",
                next_step="send fewer rows at a time",
            )
        try:
            parsed = from_json(body)
        except ValueError as error:
            return _refusal(
                400,
                f"The request is no valid JSON: {error}.",
                expected="JSON",
                next_step="see /docs for the request's fields",
            )
        many = isinstance(parsed, dict) and "rows" in parsed
        if (
            many
            and isinstance(parsed["rows"], list)
            and not 1 <= len(parsed["rows"]) <= self._service.max_rows
        ):
            status = 413 if parsed["rows"] else 422
            return _refusal(
                status,
                f"The request has {len(parsed['rows'])} rows.",
                where="rows",
                expected=f"1 to {self._service.max_rows} rows",
                next_step="send the rows in batches",
            )
        try:
            rows = self._many.validate_json(body).rows if many else [self._one.validate_json(body)]
        except ValidationError as error:
            return 422, {"errors": self._explain(error)}
        try:
            return 200, self._predict([row.model_dump(by_alias=True) for row in rows])
        except DataError as error:
            return _refusal(
                422,
                error.what,
                where=error.where,
                expected=error.expected,
                next_step="correct the field; /docs lists all of them",
            )

    def _predict(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        import pandas as pd

        frame = pd.DataFrame(rows)
        predicted = self._model.predict(frame)
        key = self._model.schema.id
        answers = []
        for row, values in zip(rows, predicted.to_dict("records"), strict=True):
            answer: dict[str, Any] = {"prediction_id": str(uuid.uuid4())}
            if key is not None and row.get(key) is not None:
                answer[key] = row[key]
            answers.append(answer | {str(name): _plain(value) for name, value in values.items()})
        if self._log is not None:
            now = datetime.now(UTC).isoformat()
            self._log.append(
                {**row, **answer, "time_of_prediction": now, "version": self._version}
                for row, answer in zip(rows, answers, strict=True)
            )
        return {"version": self._version, "predictions": answers}

    def _explain(self, error: "ValidationError") -> list[dict[str, str]]:
        """Say for each wrong field where it is, what is wrong and what belongs there."""
        problems = []
        for problem in error.errors(include_url=False, include_input=False)[:MAX_SHOWN_ERRORS]:
            name = str(problem["loc"][-1]) if problem["loc"] else ""
            if problem["type"] == "json_invalid":
                name = ""
            column = self._model.schema.columns.get(name)
            where = "".join(
                f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]
            )
            problems.append(
                {
                    "what": problem["msg"],
                    "where": where.lstrip("."),
                    "expected": _expected(column)
                    if column
                    else "the fields " + ", ".join(self._model.schema.inputs),
                    "next": "correct the field; /docs lists all of them",
                }
            )
        return problems


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _refusal(
    status: int, what: str, *, where: str = "body", expected: str, next_step: str
) -> tuple[int, dict[str, Any]]:
    return status, {
        "errors": [{"what": what, "where": where, "expected": expected, "next": next_step}]
    }


def _expected(column: "Column") -> str:
    text: str = column.type
    if column.values is not None:
        shown = ", ".join(map(str, column.values[:MAX_SHOWN_VALUES]))
        text = f"one of {shown}" + (", ..." if len(column.values) > MAX_SHOWN_VALUES else "")
    return text + (" or null" if column.nullable else "")


def row_model(model: Model) -> "type[BaseModel]":
    """Make the request's row from the schema that the model was trained with.

    Ranges are not enforced: what is out of range is for the monitor to report, not for a caller to
    be refused for.
    """
    from pydantic import ConfigDict, create_model

    fields: dict[str, Any] = {}
    for position, name in enumerate(model.schema.inputs):
        column = model.schema.columns[name]
        fields[f"column_{position}"] = (
            _kind(column),
            Field(None if column.nullable else ..., alias=name, description=_expected(column)),
        )
    if model.schema.id is not None:
        fields["row_id"] = (
            Optional[int | str],  # noqa: UP045  the union is made at run time
            Field(
                None,
                alias=model.schema.id,
                description="Identifies the row; labels are joined by it.",
            ),
        )
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    made: type[BaseModel] = create_model("Row", __config__=config, **fields)
    return made


def _batch_model(row: Any) -> "type[BaseModel]":
    from pydantic import ConfigDict, create_model

    made: type[BaseModel] = create_model(
        "Batch", __config__=ConfigDict(extra="forbid"), rows=(list[row], ...)
    )
    return made


def _kind(column: "Column") -> Any:
    from pydantic import NaiveDatetime

    kinds = {
        "integer": int,
        "number": float,
        "boolean": bool,
        "datetime": NaiveDatetime,
        "text": str,
    }
    if column.type == "category":
        kind: Any = Literal[tuple(column.values)] if column.values else str
    else:
        kind = kinds[column.type]
    return Optional[kind] if column.nullable else kind  # noqa: UP045


class RequestMetrics:
    """Counters for Prometheus, in a registry of their own."""

    def __init__(self, project: str, version: str) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "predict_requests", "Requests by status", ["status"], registry=self._registry
        )
        self._rows = Counter("predicted_rows", "Rows predicted", registry=self._registry)
        self._seconds = Histogram(
            "predict_seconds", "Seconds for a request", registry=self._registry
        )
        info = Gauge(
            "model_info", "The model that answers", ["model", "version"], registry=self._registry
        )
        info.labels(project, version).set(1)

    def observe(self, status: int, answer: dict[str, Any], seconds: float) -> None:
        """Count a request."""
        self._requests.labels(str(status)).inc()
        self._rows.inc(len(answer.get("predictions", ())))
        self._seconds.observe(seconds)

    def exposition(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)
