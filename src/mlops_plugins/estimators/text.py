"""Short text as numbers: tf-idf of character n-grams, reduced by a truncated SVD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

MAXIMUM_TERMS, MAXIMUM_COMPONENTS = 1000, 16
"""The most frequent n-grams that are counted, and the numbers that a text becomes."""

_NGRAMS: Mapping[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 4)}
"""They need no language, are robust to typing errors, and see the parts of a code."""


def text_of(value: object) -> str:
    """Return a text in lower case; a missing one is empty."""
    return "" if value is None else str(value).lower()


def encoder(components: int, seed: int) -> Any:
    """Return what turns a column of text into so many numbers."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    ngrams = TfidfVectorizer(**_NGRAMS, preprocessor=text_of, max_features=MAXIMUM_TERMS)
    return make_pipeline(ngrams, TruncatedSVD(components, random_state=seed))


def components(series: pd.Series[Any]) -> int:
    """Return how many numbers a text becomes: no more than it has different n-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyze = TfidfVectorizer(**_NGRAMS, preprocessor=text_of).build_analyzer()
    seen: set[str] = set()
    for value in series:
        seen.update(analyze(value))
        if len(seen) >= MAXIMUM_COMPONENTS:
            return MAXIMUM_COMPONENTS
    return len(seen)
