"""Another implementation, for one that adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import parse
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Mapping


def component(stage: Stage | str, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """Return an implementation with these options, as `conf/` would choose it.

    Args:
        stage: The stage, as `"train"`.
        name: The name, as `"sklearn"`.
        options: Its options; those left out have their defaults.

    Raises:
        ConfigurationError: There is none of that name, its library is missing, or an option is wrong.

    Example:
        class Audited(Component):
            def track(self, context, *, result, output):
                component("track", "mlflow").track(context, result=result, output=output)
                send_to_audit(result.digest)
    """
    chosen = plugin_manager().load(Stage(stage), name)
    return parse(chosen, options or {}, where=f"{stage}: {name}")
