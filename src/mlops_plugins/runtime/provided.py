"""What stages are given beside files, by the names that their contracts use for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.stage import Stage
from mlops_plugins.config import tuned_options
from mlops_plugins.runtime import lineage, result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlops_plugins.api.context import Context
    from mlops_plugins.config.params import Params


def champion(context: Context, params: Params) -> Callable[[], Any]:
    """Return what asks the registry for the champion."""
    return lambda: params.component(Stage.REGISTER).champion(context)


PROVIDERS: Mapping[str, Callable[[Context, Params], Any]] = {
    "champion": champion,
    "lineage": lineage.collect,
    "parameters": lambda _, params: params.as_dict(),
    "result": result.collect,
    "trainer": lambda _, params: tuned_options.trainer(params),
}
