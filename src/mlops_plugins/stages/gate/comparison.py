"""Better, equal or worse than the champion: the primary metric of both on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.metrics import bootstrap, weighted
from mlops_plugins.stages.gate.checks import Check, UncomputableError
from mlops_plugins.stages.gate.gains import described, gains
from mlops_plugins.stages.gate.overlap import rows_that_trained

if TYPE_CHECKING:
    from mlops_plugins.stages.gate.paired_rows import Pair


def champion(pair: Pair, *, resamples: int) -> Check:
    """Compare by the 95 % interval of the gain: above 0 is better, below is worse, else it is kept.

    So of models that are no better, at most one in forty is promoted.

    Raises:
        UncomputableError: The metric is not defined on these rows.
    """
    task, rows = pair.context.data.task, len(pair.rows)
    ours = weighted.primary(task, pair.target, pair.ours.scores)
    theirs = weighted.primary(task, pair.target, pair.theirs.scores)
    once = np.ones(rows)
    numbers = {"ours": ours(once), "theirs": theirs(once)}
    if not np.isfinite(list(numbers.values())).all():
        raise UncomputableError(f"{pair.primary} is not defined on these {rows} rows")
    differences = gains(ours, theirs, rows, resamples=resamples, seed=pair.context.seed)
    gain = numbers["ours"] - numbers["theirs"]
    low, high = bootstrap.symmetric_interval(gain, differences)
    numbers |= {"value": gain, "low": low, "high": high, "limit": 0.0}
    text = (
        f"{pair.primary} {described(numbers)} against champion version "
        f"{pair.champion.version} on the same {rows:,} rows"
    )
    known = rows_that_trained(pair)
    if known:
        text += f", of which {known:,} seem to have trained the champion and favour it"
    evidence = {**numbers, "rows": rows, "rows_that_trained_the_champion": known}
    if low > 0:
        return Check("champion", "pass", f"better: {text}", evidence)
    if high < 0:
        return Check("champion", "block", f"worse: {text}", evidence)
    return Check("champion", "keep", f"neither better nor worse: {text}", evidence)
