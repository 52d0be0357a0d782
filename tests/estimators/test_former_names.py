"""What plugins of the previous version import from `mlops_plugins.estimators` still works, and warns."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mlops_plugins import estimators
from mlops_plugins.api.deprecation import Deprecated


@pytest.mark.parametrize("former", estimators.RENAMED)
def test_a_former_name_is_the_present_thing(former: str) -> None:
    present = estimators.RENAMED[former]
    assert present in estimators.__all__
    with pytest.warns(Deprecated, match=f"import {present} before"):
        assert getattr(estimators, former) is getattr(estimators, present)


def test_another_name_is_unknown() -> None:
    assert not hasattr(estimators, "no_such_name")


def test_a_former_argument_means_the_present_one() -> None:
    frame = pd.DataFrame({"kind": list("abcabc")}, dtype=object)
    dense: Any = estimators.dense_preprocessing
    columns = estimators.columns(frame)
    with pytest.warns(Deprecated, match="name the argument 'maximum_categories' before"):
        made = dense(columns, most_categories=2).fit_transform(frame)
    assert (made == dense(columns, maximum_categories=2).fit_transform(frame)).all()
    assert made.shape == (6, 2)
