# make demo: from nothing to a served, watched model.   make test: every check.
.DEFAULT_GOAL := help
SHELL := /bin/bash
DEMO ?= build/demo
BIN := .venv/bin

# Byte code is compiled once at install; without it each process compiles what it imports again.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE := 1
export DO_NOT_TRACK ?= 1
# The system's certificates, as git's: where a company has an authority of its own, it is among them.
export UV_SYSTEM_CERTS ?= 1
# Only .venv of this repository, whatever is activated.
unexport VIRTUAL_ENV

.PHONY: help setup demo test test-full lint bench generated constraints clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

.tools/bin/uv:
	@echo "== getting uv"
	@python3 -m venv .tools
	@.tools/bin/pip install --quiet --disable-pip-version-check --requirement constraints-uv.txt

.tools/bin/copier: .tools/bin/uv constraints.txt
	@echo "== getting copier"
	@.tools/bin/uv pip install --quiet --python .tools/bin/python --constraint constraints.txt copier
	@touch $@

.venv/ready: .tools/bin/uv pyproject.toml constraints.txt
	@echo "== environment (.venv)"
	@test -x .venv/bin/python || .tools/bin/uv venv --quiet --python 3.11 .venv
	@.tools/bin/uv pip install --quiet --python .venv/bin/python --constraint constraints.txt --requirement pyproject.toml --all-extras --group dev --editable .
	@touch $@

setup: .venv/ready  ## The environment in which this repository is developed and tested

demo: .tools/bin/copier  ## A project in build/demo (DEMO=/some/where): trained, served, watched
	@PATH="$(CURDIR)/.tools/bin:$$PATH" .tools/bin/python scripts/demo.py "$(DEMO)"

lint: .venv/ready  ## Format, style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint  ## Every check, and each kind of proof: 25 minutes on two cores
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest --numprocesses 2 --dist worksteal $(COVERAGE) $(PYTEST)

# The tests read it in tests/helpers/load.py.
test-full: export TEST_LOAD := full
test-full: COVERAGE := --cov --cov-report=term
test-full: test  ## The same with all repetitions, all data sets, and the coverage of all processes

bench: .venv/ready  ## Measure against a plain script, an empty pipeline and a small template
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench

generated: .venv/ready  ## Write the template's conf/, its dvc.yaml, names and the reference from the code
	$(BIN)/python scripts/make_conf.py
	$(BIN)/python scripts/make_dvc.py
	$(BIN)/python scripts/make_names.py
	$(BIN)/python scripts/make_reference.py

constraints: .tools/bin/uv  ## Resolve anew the versions that everything is tested with
	.tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate --all-extras --group dev --output-file constraints.txt pyproject.toml

clean:  ## Remove what these commands made
	rm -rf .tools .venv build
