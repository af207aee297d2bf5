# Everything that people and CI run. State goes under .tatara/ alone.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .tatara/venv/bin
# A process a core up to four, each with whole files: most of a test's time is TensorFlow tracing a graph on one core.
# A process that a test's timeout ends is not replaced: its file would be tried again for ever.
PARALLEL := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
TYPED := tatara pipelines registry services
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHON

.PHONY: help setup demo test test-full system-packages check format bench lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

setup:  ## the environment in .tatara/venv, from hash-locked requirements; nothing to do when it is there
	@scripts/setup

demo: setup  ## the whole way on real digits: data, validation, training, proof, registry, package, an answered request
	@tatara demo

test: setup  ## the tests that need nothing but Python
	@python -m pytest -p tests.left_out -m "not system and not paper" $(PARALLEL)

test-full: setup system-packages  ## the tests that need PostgreSQL or Chromium, which come from Debian, and the models at their papers' size
	@python -m pytest -m "system or paper"

system-packages:
	@scripts/system_packages

check: setup  ## format, lint, types, import contracts, dead links, names that should not be in the tree
	@ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@ruff check --quiet .
	@mypy $(TYPED)
	@lint-imports --cache-dir .tatara/cache/imports
	@python scripts/check_text.py

format: setup  ## what ruff can put right by itself
	@ruff format --quiet .
	@ruff check --fix --quiet .

bench: setup  ## the performance tables
	@python -m benchmarks

lock: setup  ## the five lock files anew, from pyproject.toml
	@scripts/lock

clean:  ## remove the environment and every cache; keeps runs, models and data
	@rm -rf .tatara/venv .tatara/cache .tatara/setuptools.txt build *.egg-info
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
