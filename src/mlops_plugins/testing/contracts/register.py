"""Register: versions of models, and the one that is champion, as the verdicts say."""

from __future__ import annotations

import tempfile
import uuid
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.errors import ModelError
from mlops_plugins.artifacts import files
from mlops_plugins.artifacts.model_folder import MANIFEST
from mlops_plugins.testing.artefacts import PROJECT, scratch, verdict
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.failure import attempt, described, done, refused, require
from mlops_plugins.testing.sandbox import Sandbox, content, difference
from mlops_plugins.testing.tables import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.contracts.register import Champion
    from mlops_plugins.api.errors import MlopsError
    from mlops_plugins.testing.subject import Run, Subject


OTHER_MODEL = "the verdict was about another model"
OTHER_CHAMPION = "the verdict was about another champion"
BACK = "it was told to roll back to the champion before"
AGAIN = "it was told to promote the version that it had rolled back from"

TOGETHER = ("promote", "rollback", "history")
"""Methods that a registry has all, or none of."""


def verify(sandbox: Sandbox) -> None:
    """The output says which model got which alias."""
    pipeline.keeps_formats(sandbox)
    found, digest = _output(sandbox), files.digest(sandbox["model"])
    require(
        found["digest"] == digest,
        "its output was read",
        expected=f"as 'digest' the model's, {digest}",
        found=found,
    )


def _output(sandbox: Sandbox) -> dict[str, Any]:
    return dict(read_json(sandbox["output"], "its output was read"))


@dataclass(frozen=True)
class Life:
    """What a registry answered as one model was blocked, kept and promoted, in this order."""

    sandbox: Sandbox
    at_first: Champion | None
    output: dict[str, dict[str, Any]]
    champion: dict[str, Champion | None]
    again: dict[str, Any]
    promoted_again: Champion | None
    of_another_model: MlopsError | None
    of_another_champion: MlopsError | None


@cache
def life(subject: Subject) -> Life:
    """Live it once, under a name that no store knows; one may take seconds to be made."""
    folder = Path(tempfile.mkdtemp(dir=scratch(), prefix="registry-"))
    sandbox = Sandbox.make(folder, subject, plain(), project=f"{PROJECT}-{uuid.uuid4().hex[:8]}")
    at_first = _champion(sandbox)
    output, champion = {}, {}
    for decision in ("block", "keep", "promote"):
        _judged(sandbox, decision, None)
        done(f"it registered a model with the verdict '{decision}'", sandbox.run)
        verify(sandbox)
        output[decision], champion[decision] = _output(sandbox), _champion(sandbox)
    done("it registered the promoted model again", sandbox.run)
    again, promoted_again = _output(sandbox), _champion(sandbox)
    _judged(sandbox, "promote", None, model="0" * 64)
    of_another_model = attempt(OTHER_MODEL, sandbox.run)
    (sandbox["model"] / "estimator" / "more.txt").write_text("another model now")
    _judged(sandbox, "promote", "a version that is no champion")
    of_another_champion = attempt(OTHER_CHAMPION, sandbox.run)
    (sandbox["model"] / "estimator" / "more.txt").unlink()
    return Life(
        sandbox,
        at_first,
        output,
        champion,
        again,
        promoted_again,
        of_another_model,
        of_another_champion,
    )


def _judged(sandbox: Sandbox, decision: str, champion: str | None, **other: str) -> None:
    written = verdict(sandbox["model"], decision, champion) | other
    files.write_json(sandbox["verdict"], written)


def _champion(sandbox: Sandbox) -> Champion | None:
    found: list[Champion | None] = []
    implementation = sandbox.subject.make()
    did = "it was asked for the champion"
    done(did, lambda: found.append(implementation.champion(sandbox.context)))
    return found[0]


def has_no_champion_at_first(subject: Subject, folder: Path) -> None:
    """Before anything is promoted there is no champion."""
    lived = life(subject)
    for when, found in (
        ("it was asked for the champion before any was made", lived.at_first),
        ("the gate had blocked the only model", lived.champion["block"]),
        ("the gate had kept the champion, which there was none of", lived.champion["keep"]),
    ):
        require(found is None, when, expected="None", found=found)


def gives_the_alias_of_the_verdict(subject: Subject, folder: Path) -> None:
    """Blocked gets none, kept and promoted get different ones."""
    output = life(subject).output
    aliases = {decision: found["alias"] for decision, found in output.items()}
    require(
        aliases["block"] is None
        and aliases["keep"]
        and aliases["promote"]
        and aliases["keep"] != aliases["promote"],
        "it registered a model with the verdicts block, keep and promote",
        expected="no alias for block, and two that differ for keep and promote",
        found=aliases,
    )


def makes_the_promoted_model_champion(subject: Subject, folder: Path) -> None:
    """What was promoted is champion, by its digest."""
    lived = life(subject)
    digest = files.digest(lived.sandbox["model"])
    for found in (lived.champion["promote"], lived.promoted_again):
        require(
            found is not None and found.digest == digest and found.version,
            "it was asked for the champion after a model was promoted",
            expected=f"a version with the digest {digest}",
            found=found,
        )


def registers_a_model_once(subject: Subject, folder: Path) -> None:
    """The same model again is the same version, and the same output."""
    lived = life(subject)
    first, second = lived.champion["promote"], lived.promoted_again
    require(
        lived.again == lived.output["promote"]
        and first
        and second
        and first.version == second.version,
        "it registered the promoted model again",
        expected=f"the same version, and the output {lived.output['promote']}",
        found=f"{second}, and the output {lived.again}",
    )


def fetches_the_champion(subject: Subject, folder: Path) -> None:
    """The champion comes back as it was given, with the reference beside it."""
    lived = life(subject)
    champion = lived.champion["promote"]
    require(champion, "it was asked for the champion", expected="the promoted one", found=None)
    assert champion is not None  # noqa: S101  it was just required
    empty, did = folder / "champion", "the champion was fetched into an empty folder"
    empty.mkdir()
    fetched: list[Path] = []
    done(did, lambda: fetched.append(champion.fetch(empty)))
    require(fetched[0] == empty, did, expected=f"that folder, {empty}", found=fetched[0])
    wanted, found = content(lived.sandbox["model"]), content(empty / "model")
    require(wanted == found, did, expected="the model/ as it was", found=difference(wanted, found))
    require(
        (empty / "reference.parquet").is_file()
        and files.digest(empty / "reference.parquet") == files.digest(lived.sandbox["reference"]),
        did,
        expected="reference.parquet, as it was given",
        found="none, or another",
    )


def refuses_a_stale_verdict(subject: Subject, folder: Path) -> None:
    """A verdict about another model, or another champion, makes nobody champion."""
    lived = life(subject)
    for did, error in (
        (OTHER_MODEL, lived.of_another_model),
        (OTHER_CHAMPION, lived.of_another_champion),
    ):
        found = described(error) if error else "no error"
        require(isinstance(error, ModelError), did, expected="a ModelError", found=found)
    champion, before = _champion(lived.sandbox), lived.promoted_again
    require(
        champion and before and champion.version == before.version,
        "it had refused two stale verdicts",
        expected="the champion that there was",
        found=champion,
    )


def promotes_by_a_history(subject: Subject, folder: Path) -> None:
    """Promotion and rollback move the champion, and the history says so; a registry may do without."""
    implementation = subject.make()
    found = [name for name in TOGETHER if hasattr(implementation, name)]
    if not found:
        return
    require(
        len(found) == len(TOGETHER),
        "its methods were looked for",
        expected=f"all of {', '.join(TOGETHER)}, or none",
        found=", ".join(found),
    )
    name = f"{PROJECT}-{uuid.uuid4().hex[:8]}"
    sandbox = Sandbox.make(folder, subject, plain(), project=name)
    first = _promoted(sandbox, 1, None)
    second = _promoted(sandbox, 2, first)
    context = sandbox.context
    done(BACK, lambda: implementation.rollback(context, version=None, because="a check"))
    _require_champion(sandbox, BACK, first)
    done(AGAIN, lambda: implementation.promote(context, version=second, because="a check"))
    _require_champion(sandbox, AGAIN, second)
    for version in (second, "no version"):
        did = f"it promoted '{version}', which is champion already or does not exist"
        error = refused(did, partial(implementation.promote, context, version=version, because="?"))
        require(isinstance(error, ModelError), did, expected="a ModelError", found=described(error))
    changes = [change for change in implementation.history(context) if not change.void]
    moves = [(change.action, change.before, change.after) for change in changes]
    expected = [("promote", None, first), ("promote", first, second)]
    expected += [("rollback", second, first), ("promote", first, second)]
    require(moves == expected, "its history was read", expected=str(expected), found=moves)
    require(
        all(change.who and change.when and change.because for change in changes),
        "its history was read",
        expected="who, when and because of each change",
        found=changes,
    )


def _promoted(sandbox: Sandbox, rows: int, champion: str | None) -> str:
    """Register another model that the gate promotes; return its version."""
    manifest = sandbox["model"] / MANIFEST
    files.write_json(manifest, read_json(manifest, "its model was read") | {"rows": rows})
    _judged(sandbox, "promote", champion)
    done("it registered a model with the verdict 'promote'", sandbox.run)
    found = _champion(sandbox)
    did = "it was asked for the champion after a model was promoted"
    require(found and found.version != champion, did, expected="the new version", found=found)
    assert found is not None  # noqa: S101  it was just required
    return found.version


def _require_champion(sandbox: Sandbox, did: str, version: str) -> None:
    found = _champion(sandbox)
    require(
        found is not None and found.version == version,
        did,
        expected=f"version {version} as champion",
        found=found,
    )


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    "has no champion at first": has_no_champion_at_first,
    "gives the alias of the verdict": gives_the_alias_of_the_verdict,
    "makes the promoted model champion": makes_the_promoted_model_champion,
    "registers a model once": registers_a_model_once,
    "fetches the champion as it was given": fetches_the_champion,
    "refuses a stale verdict": refuses_a_stale_verdict,
    "promotes and rolls back by a history, if at all": promotes_by_a_history,
}
