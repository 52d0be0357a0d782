"""Rows that judge both models and have trained one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.artifacts import tables

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from mlops_plugins.stages.gate.paired_rows import Pair


def rows_that_trained(pair: Pair) -> int | None:
    """Return how many judged rows the champion has probably learnt from; None if nothing tells.

    What judged the champion did not train it. A judged row that did not judge the champion trained
    it if both were made of the same table, or if it is older than a row that judged the champion.
    """
    if not pair.reference.is_file():
        return None
    judged = tables.read_frame(pair.reference)
    named = pair.context.data.id
    columns = [named] if named else list(pair.theirs.model.inputs.columns)
    if not {*columns} <= {*judged.columns} & {*pair.rows.columns}:
        return None
    new = ~_marks(pair.rows, columns).isin(_marks(judged, columns)).to_numpy()
    known = _were_there(pair, judged)
    return None if known is None else int((new & known).sum())


def _marks(frame: pd.DataFrame, columns: list[str]) -> pd.Series[int]:
    """Return one number for each row, by the values of these columns."""
    import pandas as pd

    return pd.util.hash_pandas_object(frame[columns].astype(str), index=False)


def _were_there(pair: Pair, judged: pd.DataFrame) -> np.ndarray | None:
    """Return which judged rows were in the champion's data, of shape (rows,); None if unknown."""
    import numpy as np

    data = pair.ours.model.manifest.get("data")
    if data is not None and data == pair.theirs.model.manifest.get("data"):
        return np.ones(len(pair.rows), dtype=bool)
    time = pair.context.data.time
    if time is None or time not in judged or time not in pair.rows:
        return None
    if judged[time].dtype != pair.rows[time].dtype:
        return None  # they are not to be compared
    older: np.ndarray = (pair.rows[time] <= judged[time].max()).to_numpy(dtype=bool)
    return older
