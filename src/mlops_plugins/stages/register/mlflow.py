"""The model registry of MLflow: versions, aliases and history are kept there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mlops_plugins.api.component import Field
from mlops_plugins.integrations.mlflow.location import DATABASE
from mlops_plugins.integrations.mlflow.store import connected
from mlops_plugins.stages.register.mlflow_versions import MlflowStore
from mlops_plugins.stages.register.model_registry import PromotingRegistry

if TYPE_CHECKING:
    from mlops_plugins.api.context import Context
    from mlops_plugins.stages.register.store import Storage


class Registry(PromotingRegistry):
    """Registers what the gate lets through, and moves the aliases by a history that explains them."""

    model: str | None = Field(
        None, description="The registered model's name; null for the project's."
    )

    def storage(self, context: Context) -> Storage:
        """Return MLflow's store, connected."""
        return MlflowStore(connected(context), self.name(context), context.project)

    def exists(self, context: Context) -> bool:
        """Say whether there is a store: of a server, or the project's database."""
        return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (context.home / DATABASE).exists()

    def name(self, context: Context) -> str:
        """Return the registered model's name."""
        return self.model or context.project
