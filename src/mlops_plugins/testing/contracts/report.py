"""Report: what people read, and which parts of the card are missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import files
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.contracts.profile import ELSEWHERE
from mlops_plugins.testing.failure import attempt, described, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import ODD, TASKS, Case, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.subject import Run, Subject

COMPLETE: Final = """\
model: {intended_use: to try, out_of_scope: all else, limitations: many, contact: us}
data: {origin: made up, personal_data: none}
"""


def verify(sandbox: Sandbox) -> None:
    """The page needs nothing from elsewhere; card and sheet are there, and say whose they are."""
    pipeline.keeps_formats(sandbox)
    did = f"it reported on {sandbox.case}"
    for name in ("report.html", "model-card.md", "data-sheet.md"):
        found = (sandbox["output"] / name).is_file()
        require(found, did, expected=f"{name} in its output", found="no such file")
    loaded = ELSEWHERE.search((sandbox["output"] / "report.html").read_text(encoding="utf-8"))
    require(
        loaded is None,
        did,
        expected="a page that needs nothing from elsewhere",
        found=loaded and loaded.group(),
    )
    card = read_json(sandbox["output"] / "card.json", "its card.json was read")
    digest = files.digest(sandbox["model"])
    require(
        card["model"] == digest,
        "its card.json was read",
        expected=f"as 'model' the digest {digest}",
        found=card,
    )


def _reports(case: Case, subject: Subject, folder: Path) -> None:
    verify(pipeline.ran(Sandbox.make(folder, subject, case)))


def tells_what_the_card_lacks(subject: Subject, folder: Path) -> None:
    """Without a card, parts are missing; with a complete one, none."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.run()
    lacking = read_json(sandbox["output"] / "card.json", "its card.json was read")["missing"]
    require(lacking, "there was no card.yaml", expected="parts that are missing", found=lacking)
    sandbox["card"].write_text(COMPLETE)
    sandbox.run(into=folder / "complete")
    path = folder / "complete" / sandbox["output"].relative_to(sandbox.root) / "card.json"
    lacking = read_json(path, "its card.json was read")["missing"]
    require(not lacking, "card.yaml said everything", expected="nothing missing", found=lacking)


def refuses_a_card_that_is_none(subject: Subject, folder: Path) -> None:
    """A part that is none is an error, as a typing mistake would hide what was said."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox["card"].write_text("model: {intended_uses: to try}\n")
    did = "card.yaml had a part that is none"
    error = attempt(did, sandbox.run)
    found = described(error) if error else "no error"
    require(isinstance(error, DataError), did, expected="a DataError", found=found)


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **{f"reports on {case}": partial(_reports, case) for case in TASKS},
    **{f"reports on {case()}": partial(_reports, case()) for case in ODD},
    "tells what the card lacks": tells_what_the_card_lacks,
    "refuses a card that is none": refuses_a_card_that_is_none,
}
