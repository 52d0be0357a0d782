"""The `mlops` command: a file a command group."""

from mlops_plugins.cli.app import main

__all__ = ["main"]
