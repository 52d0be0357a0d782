"""Serve the model over HTTP with FastAPI.

POST /predict   one row, or {"rows": [...]}; where a raw column is called `rows`, only a list is the latter
GET  /healthz   whether the model is loaded, and which
GET  /metrics   for Prometheus
GET  /docs      the interface, with the request's fields as the schema describes them
"""

# No postponed annotations here: FastAPI reads a handler's annotations when it is defined, and the
# names are imported inside a function.
import functools
import operator
import socket
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import SHOWN, ConfigurationError, DataError
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.artifacts.prediction_log import PredictionLog
from mlops_plugins.artifacts.schema.acceptance import wanted
from mlops_plugins.artifacts.schema.dtypes import MAX_INTEGER

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from pydantic import BaseModel, ValidationError

    from mlops_plugins.api.context import Context
    from mlops_plugins.artifacts.schema import Column, Schema

MAX_SHOWN_ERRORS = 10


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
        many = self._is_batch(parsed)
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

    def _is_batch(self, parsed: Any) -> bool:
        """Say whether the request has several rows; a raw column `rows` never holds a list."""
        if not isinstance(parsed, dict) or "rows" not in parsed:
            return False
        schema = self._model.schema
        return "rows" not in (*schema.inputs, schema.id) or isinstance(parsed["rows"], list)

    def _predict(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        import pandas as pd

        frame = pd.DataFrame(rows)
        predicted = self._model.predict(frame)
        key = self._model.schema.id
        answers = []
        for values in predicted.to_dict("records"):
            plain = {str(name): _plain(value) for name, value in values.items()}
            answers.append({"prediction_id": str(uuid.uuid4()), **plain})
        if self._log is not None:
            now = datetime.now(UTC).isoformat()
            self._log.append(
                {"row": row, **answer, "time_of_prediction": now, "version": self._version}
                for row, answer in zip(rows, answers, strict=True)
            )
        # An id that is called like something of the answer's is left out: answers have the rows' order.
        named = [
            {"prediction_id": "", key: row[key], **answer}
            if key is not None and row.get(key) is not None
            else answer
            for row, answer in zip(rows, answers, strict=True)
        ]
        return {"version": self._version, "predictions": named}

    def _explain(self, error: "ValidationError") -> list[dict[str, str]]:
        """Say for each wrong field where it is, what is wrong and what belongs there."""
        problems = []
        for problem in error.errors(include_url=False, include_input=False)[:MAX_SHOWN_ERRORS]:
            column = self._column(problem["loc"]) if problem["type"] != "json_invalid" else None
            where = "".join(
                f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]
            )
            problems.append(
                {
                    "what": _what(problem, column),
                    "where": where.lstrip("."),
                    "expected": _expected(column)
                    if column
                    else "the fields " + ", ".join(self._model.schema.inputs),
                    "next": "correct the field; /docs lists all of them",
                }
            )
        return problems

    def _column(self, loc: "tuple[int | str, ...]") -> "Column | None":
        """Return the column of a problem's place, which may go on below it, as for an id of two types."""
        columns = self._model.schema.columns
        names = [str(part) for part in loc if str(part) in columns]
        return columns[names[-1]] if names else None


def _what(problem: Any, column: "Column | None") -> str:
    """Say what is wrong; pydantic would list all categories, however many there are."""
    if (
        problem["type"] == "literal_error"
        and column is not None
        and len(column.values or ()) > SHOWN
    ):
        return f"Input should be {wanted(column)}"
    message: str = problem["msg"]
    return message


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _refusal(
    status: int, what: str, *, where: str = "body", expected: str, next_step: str
) -> tuple[int, dict[str, Any]]:
    return status, {
        "errors": [{"what": what, "where": where, "expected": expected, "next": next_step}]
    }


def _expected(column: "Column") -> str:
    text = wanted(column) if column.values else column.type
    if column.values and not column.refuses_unseen:
        text += "; another is taken as a missing one"
    return text if column.refuses_nulls else f"{text} or null"


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
            Field(... if column.refuses_nulls else None, alias=name, description=_expected(column)),
        )
    if model.schema.id is not None:
        fields["row_id"] = (
            _id_kind(model.schema) | None,
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


def _id_kind(schema: "Schema") -> Any:
    """Return what an id may be: text, or an integer that the log can hold."""
    from pydantic import Field as Limits

    column = schema.columns.get(schema.id or "")
    integral = column is not None and column.type == "integer"
    largest = MAX_INTEGER if integral else 10**38
    return Annotated[int, Limits(ge=-largest, le=largest)] | str


def _kind(column: "Column") -> Any:
    from pydantic import Field as Described

    kinds: dict[str, Any] = {
        "integer": int,
        "number": float,
        "boolean": bool,
        # Read as everywhere: a time with a zone becomes UTC. Pydantic takes "123" for one in 1970.
        "datetime": Annotated[str, Described(json_schema_extra={"format": "date-time"})],
        "text": str,
        "category": str,
    }
    kind = kinds[column.type]
    if column.type == "category" and column.values:
        types = {type(value) for value in column.values}
        kind = (
            Literal[tuple(column.values)]
            if column.refuses_unseen
            else functools.reduce(operator.or_, types)
        )
    return kind if column.refuses_nulls else kind | None


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
