"""Test rows of both models that one of them was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    import pandas as pd

    from mlops_plugins.stages.gate.paired_rows import Pair


def rows_that_trained(pair: Pair) -> int | None:
    """Return how many test rows the champion was probably trained on; None if it is not known.

    The champion's own test rows did not train it. Another test row did if both models were made of
    the same table, or if it is older than one of the champion's test rows.
    """
    if not pair.reference.is_file():
        return None
    tested = tables.read_frame(pair.reference)
    identifier = pair.context.data.id
    columns = [identifier] if identifier else list(pair.theirs.model.inputs.columns)
    if not {*columns} <= {*tested.columns} & {*pair.rows.columns}:
        return None
    new = ~_marks(pair.rows, columns).isin(_marks(tested, columns)).to_numpy()
    known = _were_there(pair, tested)
    return None if known is None else int((new & known).sum())


def _marks(frame: pd.DataFrame, columns: list[str]) -> pd.Series[int]:
    """Return one number for each row, by the values of these columns."""
    # Here, as a gate without a champion does without pandas.
    import pandas as pd

    return pd.util.hash_pandas_object(frame[columns].astype(str), index=False)


def _were_there(pair: Pair, tested: pd.DataFrame) -> np.ndarray | None:
    """Return which test rows were in the champion's data, of shape (rows,); None if unknown."""
    data = pair.ours.model.manifest.get("data")
    if data is not None and data == pair.theirs.model.manifest.get("data"):
        return np.ones(len(pair.rows), dtype=bool)
    time = pair.context.data.time
    if time is None or time not in tested or time not in pair.rows:
        return None
    if tested[time].dtype != pair.rows[time].dtype:
        return None  # they cannot be compared
    older: np.ndarray = (pair.rows[time] <= tested[time].max()).to_numpy(dtype=bool)
    return older
