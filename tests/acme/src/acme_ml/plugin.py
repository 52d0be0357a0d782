"""What Acme offers; every command imports this module, so it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins import ComponentSpec, Contract, Stage, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of each stage its class, what `mlops plugins` says, and what a new version of changes the results.
OFFERED = (
    (Stage.INGEST, "rows:Newest", "Flights of the sample, the newest first", ("pyarrow",)),
    (Stage.VALIDATE, "rows:Typed", "Types and nulls, as Arrow counts them", ("pyarrow",)),
    (Stage.PROFILE, "look:Columns", "One line a column", ("pyarrow",)),
    (Stage.SPLIT, "rows:ByIdentity", "A row's id decides whether it judges", ("pyarrow",)),
    (Stage.FEATURES, "compact:Compact", "Numbers, times and small categories", ("pandas",)),
    (Stage.TUNE, "draws:Draws", "A few random draws, the best of them", ("numpy",)),
    (Stage.TRAIN, "bayes:NaiveBayes", "Gaussian naive Bayes in numpy", ("numpy",)),
    (Stage.EVALUATE, "scorecard:Scorecard", "A few metrics, normal intervals", ("numpy",)),
    (Stage.EXPLAIN, "scorecard:Correlation", "Correlation with the score", ("pandas",)),
    (Stage.GATE, "scorecard:Floor", "A floor, and the champion on the same rows", ()),
    (Stage.REPORT, "look:Lines", "The verdict and its reasons", ()),
    (Stage.TRACK, "shelf:Ledger", "One line of JSON for each distinct result", ()),
    (Stage.REGISTER, "shelf:Shelf", "A folder for each version", ()),
    (Stage.SERVE, "service:Service", "HTTP by Python's own server", ()),
    (Stage.MONITOR, "watch:Means", "Differences of means", ()),
    (Stage.RETRAIN, "watch:AnyTrouble", "Retrain after any report that is not ok", ()),
    (Stage.NOTIFY, "watch:Lines", "One line of text for each alert", ()),
)


@hookimpl
def mlops_stages() -> Iterable[Contract]:
    """Add a stage that counts what the features hold."""
    yield Contract(
        stage="census",
        after="features",
        inputs={"features": "data/features"},
        outputs={"output": "reports/census.json"},
        parameters=("data",),
    )


@hookimpl
def mlops_implementations() -> Iterable[ComponentSpec]:
    """Offer one implementation of each stage, and of Acme's own."""
    for stage, target, summary, libraries in OFFERED:
        yield ComponentSpec(
            stage=stage,
            name="acme",
            target=f"acme_ml.{target}",
            summary=summary,
            libraries=libraries,
        )
    yield ComponentSpec(
        stage="census", name="acme", target="acme_ml.census:Census", summary="Rows of each part"
    )
