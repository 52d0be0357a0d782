"""Offers every implementation's options to Hydra, made from the options' own declaration.

Hydra imports this in every process that composes, DVC's own included, and stops at any exception
but ImportError: so it stays small and asks the registry only when a config is looked up.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

if TYPE_CHECKING:
    from hydra.core.config_search_path import ConfigSearchPath

SCHEME = "mlops"


class ImplementationSource(ConfigSource):
    """`<stage>/<name>` as a config, for every implementation that the registry knows."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme of this source's addresses."""
        return SCHEME

    def available(self) -> bool:
        """Return True: an environment without plugins has no options, and that is no error."""
        return True

    def load_config(self, config_path: str) -> ConfigResult:
        """Return an implementation's name and the defaults of its options."""
        from mlops_plugins.api.component import defaults
        from mlops_plugins.manager.plugin_manager import plugin_manager

        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found: {config_path}")
        stage, name = _split(config_path)
        values: dict[str, Any] = {
            "name": name,
            **defaults(plugin_manager().load(stage, name)),
        }
        return ConfigResult(
            provider=self.provider,
            path=f"{SCHEME}://",
            config=OmegaConf.create(values),
            header={"package": None},
        )

    def is_group(self, config_path: str) -> bool:
        """Return whether the path is a stage."""
        from mlops_plugins.manager.plugin_manager import plugin_manager

        return config_path.strip("/") in {"", *plugin_manager().stages}

    def is_config(self, config_path: str) -> bool:
        """Return whether the path is an implementation."""
        stage, name = _split(config_path)
        return name in self.list(stage, ObjectType.CONFIG)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the stages at the top, and a stage's implementations below it."""
        from mlops_plugins.manager.plugin_manager import plugin_manager

        path, stages = config_path.strip("/"), plugin_manager().stages
        if not path:
            return [] if results_filter is ObjectType.CONFIG else sorted(stages)
        if path not in stages or results_filter is ObjectType.GROUP:
            return []
        return plugin_manager().names(path)


class ImplementationSearchPath(SearchPathPlugin):
    """Looks behind the project's `conf/`, so that a file there always wins."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the source."""
        search_path.append(provider="mlops-plugins", path=f"{SCHEME}://")
        _suggest_keys()


def _suggest_keys() -> None:
    """Let an override of a key that does not exist (`-S train.max_itr=20`) be answered by the nearest one.

    Hydra has no hook for it: its function is wrapped once, in this process. If it has another name in
    a version to come, Hydra's own text is shown.
    """
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.errors import ConfigCompositionException

    name = "_apply_overrides_to_config"
    apply = getattr(ConfigLoaderImpl, name, None)
    if apply is None or hasattr(apply, "__wrapped__"):
        return

    @functools.wraps(apply)
    def apply_or_suggest(overrides: Any, cfg: Any) -> None:
        try:
            apply(overrides, cfg)
        except ConfigCompositionException as error:
            key = re.match(r"Could not override '([^']+)'", str(error))
            if key is None:
                raise
            raise ConfigCompositionException(_unknown(key[1], cfg)) from None

    setattr(ConfigLoaderImpl, name, staticmethod(apply_or_suggest))


def _unknown(key: str, config: Any) -> str:
    """Return what is said of a key that the config does not have, and of the nearest that it has."""
    from mlops_plugins.api.errors import did_you_mean

    parents, node = "", config
    *groups, last = key.split(".")
    for group in groups:
        inner = OmegaConf.select(node, group) if OmegaConf.is_dict(node) else None
        if not OmegaConf.is_dict(inner):
            last = group
            break
        parents, node = f"{parents}{group}.", inner
    keys = (
        [f"{parents}{name}" for name in node if name != "hydra"] if OmegaConf.is_dict(node) else []
    )
    wrong = f"{parents}{last}"
    known = f" Known are {', '.join(keys)}." if keys else ""
    return f"There is no '{wrong}' in conf/.{did_you_mean(wrong, keys)}{known}"


def _split(config_path: str) -> tuple[str, str]:
    stage, _, name = config_path.strip("/").removesuffix(".yaml").partition("/")
    return stage, name
