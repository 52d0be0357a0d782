"""A project as its jobs see it: its parameters, its context and its champion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.api.errors import ModelError, did_you_mean
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, reading, sealed
from mlops_plugins.artifacts.reading.nulls import USUAL_WORDS, NullWords
from mlops_plugins.artifacts.schema import absent
from mlops_plugins.config import params
from mlops_plugins.manager.signatures import require_returned
from mlops_plugins.runtime.observers import Observers, observed
from mlops_plugins.runtime.threads import cap_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.notify import Alert
    from mlops_plugins.artifacts.model_folder import Model


class Project:
    """A project's parameters and context, and its champion."""

    def __init__(self, root: Path, log: Callable[[str], None]) -> None:
        self.params = params.read(root)
        self.context = self.params.context(root, log)
        cap_threads(self.context.threads)

    def component(self, stage: str) -> Any:
        """Return the stage's chosen implementation."""
        return self.params.component(stage)

    def read_rows(self, path: Path, model: Model) -> pd.DataFrame:
        """Read the rows of a file for a model, and log which columns it lacks."""
        rows = reading.read_frame(path, model.schema, self.null_words)
        for name in absent(rows, model.inputs):
            others = did_you_mean(name, map(str, rows.columns.difference([*model.inputs.columns])))
            self.context.log(f"{path.name} has no column '{name}': taken as missing.{others}")
        return rows

    @property
    def null_words(self) -> NullWords:
        """Return which texts mean a missing value in files, as ingest reads them."""
        words: NullWords = getattr(self.component(Stage.INGEST), "null_words", USUAL_WORDS)
        return words

    def observed(self, stage: str) -> AbstractContextManager[Context]:
        """Call the observers before and after a job; give the context to run it with."""
        return observed(stage, self.params, self.context)

    def champion(self) -> Champion:
        """Return the champion.

        Raises:
            ModelError: There is none yet.
        """
        champion: Champion | None = self.component(Stage.REGISTER).champion(self.context)
        require_returned(CONTRACTS[Stage.REGISTER], champion, Champion, type(None))
        if champion is None:
            raise ModelError(
                f"There is no champion of '{self.context.project}' in the registry.",
                next_step="`dvc repro` trains and registers one; `mlops gate` says why one was blocked",
            )
        return champion

    def fetched(self, champion: Champion) -> Path:
        """Return the folder of the champion's files; what was fetched and changed since is fetched again.

        Raises:
            ModelError: The registry's own files are not those that were registered.
        """
        folder = self.context.home / "models" / "champions" / champion.digest[:16]
        if not _is_registered(folder / "model", champion):
            with files.replacing(folder) as draft:
                champion.fetch(draft)
                sealed.check_registered(draft / "model", champion)
        return folder

    def alert(self, alert: Alert) -> None:
        """Deliver it by the chosen notifier, and to every observer of alerts."""
        with self.observed(Stage.NOTIFY) as context:
            self.component(Stage.NOTIFY).notify(context, alert=alert)
        Observers(self.params, self.context).call("mlops_on_alert", alert=alert)


def _is_registered(model: Path, champion: Champion) -> bool:
    return model.is_dir() and files.digest(model) == champion.digest
