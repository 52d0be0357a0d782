"""Track: each distinct result once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.artifacts import files
from mlops_plugins.runtime.result import collect
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.failure import done, require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.testing.sandbox import Sandbox
    from mlops_plugins.testing.subject import Run, Subject


def verify(sandbox: Sandbox) -> None:
    """The output says which result was recorded, and nothing that another store would not."""
    pipeline.keeps_formats(sandbox)
    found = read_json(sandbox["output"], "its output was read")
    wanted = collect(sandbox.context, sandbox.params).digest
    require(
        found["digest"] == wanted,
        "its output was read",
        expected=f"as 'digest' the result's, {wanted}",
        found=found,
    )


def records_a_result_once(subject: Subject, folder: Path) -> None:
    """The same result again gives the same output; what was recorded is not changed."""
    sandbox = pipeline.first_run(subject).sandbox
    before = files.digest(sandbox["output"])
    done("it recorded the same result again", sandbox.run)
    require(
        files.digest(sandbox["output"]) == before,
        "it recorded the same result again",
        expected="the same output",
        found=sandbox["output"].read_text(),
    )


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    "records a result once": records_a_result_once,
}
