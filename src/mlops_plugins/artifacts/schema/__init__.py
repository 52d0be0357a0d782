"""The schema of the data: one file that the team owns, read by every stage that sees raw rows."""

from mlops_plugins.artifacts.schema.acceptance import absent, accept
from mlops_plugins.artifacts.schema.conversion import conform
from mlops_plugins.artifacts.schema.description import Column, Schema, parse
from mlops_plugins.artifacts.schema.file import of_text, read, require_weight, write
from mlops_plugins.artifacts.schema.inference import infer, infer_table

__all__ = [
    "Column",
    "Schema",
    "absent",
    "accept",
    "conform",
    "infer",
    "infer_table",
    "of_text",
    "parse",
    "read",
    "require_weight",
    "write",
]
