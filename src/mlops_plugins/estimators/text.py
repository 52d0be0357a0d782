"""Short text as numbers: counted by pieces of words, and summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

TERMS, PARTS = 1000, 16
"""Text is counted by its most frequent so many pieces, and these are summed up in so many numbers."""

_PIECES: Mapping[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 4)}
"""Pieces of words: they need no language, stand typing errors, and see the parts of a code."""


def text_of(value: object) -> str:
    """Return a text in lower case; a missing one is empty."""
    return "" if value is None else str(value).lower()


def encoder(parts: int, seed: int) -> Any:
    """Return what turns a column of text into `parts` numbers."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    pieces = TfidfVectorizer(**_PIECES, preprocessor=text_of, max_features=TERMS)
    return make_pipeline(pieces, TruncatedSVD(parts, random_state=seed))


def parts(series: pd.Series[Any]) -> int:
    """Return how many numbers a text becomes: no more than it has different pieces."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    pieces_of = TfidfVectorizer(**_PIECES, preprocessor=text_of).build_analyzer()
    seen: set[str] = set()
    for value in series:
        seen.update(pieces_of(value))
        if len(seen) >= PARTS:
            return PARTS
    return len(seen)
