"""Lets `python -m mlops_plugins` be the `mlops` command."""

from mlops_plugins.cli.app import main

if __name__ == "__main__":
    main(prog_name="mlops")
