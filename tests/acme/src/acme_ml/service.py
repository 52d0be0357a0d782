"""Serve with what Python brings: enough behind a proxy, for a handful of callers.

POST /predict   one row, or {"rows": [...]}
GET  /healthz   which model answers
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, DataError, Field
from mlops_plugins.toolkit import Model, PredictionLog, open_model

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins import Context


class Service(Component):
    """Answers with a prediction, or with what is wrong with the rows."""

    max_rows: int = Field(1000, ge=1, description="Most rows of one request.")

    def serve(
        self, context: Context, *, model: Path, version: str, log: Path, host: str, port: int
    ) -> None:
        """Serve until interrupted."""
        opened, kept, service = open_model(model), PredictionLog(log), self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                healthy = self.path == "/healthz"
                answer = {"status": "ok" if healthy else "unknown path", "version": version}
                _send(self, 200 if healthy else 404, answer)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                _send(self, *service._answer(opened, version, kept, body))

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Say nothing: what was asked and answered is in the prediction log."""

        server = ThreadingHTTPServer((host, port), Handler)
        context.log(f"serving version {version} at http://{host}:{server.server_port}")
        with server, suppress(KeyboardInterrupt):
            server.serve_forever()

    def _answer(
        self, model: Model, version: str, log: PredictionLog, body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer; log what was asked and answered."""
        import pandas as pd

        try:
            asked = json.loads(body)
            # A raw column `rows` never holds a list.
            rows = asked["rows"] if isinstance(asked.get("rows"), list) else [asked]
            if not 1 <= len(rows) <= self.max_rows:
                return 413, {"error": f"{len(rows)} rows, not 1 to {self.max_rows}"}
            predicted = model.predict(pd.DataFrame(rows))
        except (ValueError, TypeError, AttributeError) as error:
            return 400, {"error": f"no rows in JSON: {error}"}
        except DataError as error:
            return 422, {"error": error.what, "expected": error.expected}
        answers = json.loads(predicted.to_json(orient="records"))
        told = {"version": version, "time_of_prediction": datetime.now(UTC).isoformat()}
        log.append(
            {"row": row, **answer, **told} for row, answer in zip(rows, answers, strict=True)
        )
        return 200, {"version": version, "predictions": answers}


def _send(handler: BaseHTTPRequestHandler, status: int, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
