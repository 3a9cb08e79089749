# Everything runs in .venv. `make setup` is quick when nothing changed; a path with spaces is fine.

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup services up down demo test lint bench docs clean

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

setup: .venv/.setup ## make .venv with all packages, and get pg_partman's and pgTAP's SQL

services: .venv/.services ## add the real servers that tests use: MinIO (compiled by Go), PgBouncer, Prometheus, InfluxDB; PySpark

up: setup ## start the embedded stack in .pylayer
	@$(BIN)/pylayer up

down: ## stop it
	@if [ -x $(BIN)/pylayer ]; then $(BIN)/pylayer down; fi

demo: setup ## start the stack and run the main job on this repository
	@$(BIN)/pylayer up
	@$(BIN)/pylayer demo

test: setup services ## run the default tests
	$(BIN)/python -m pytest -n auto

lint: setup ## check style, types and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/sqlfluff lint db
	find db/migrations -name '*.sql' ! -name '*.rollback.sql' -exec $(BIN)/squawk {} +

bench: setup ## measure, beside the limit and a peer; results in bench/results
	$(BIN)/python -m bench

docs: setup ## write docs/sql.md and docs/schema.md from the catalog
	$(BIN)/python -m docs.generate

clean: down ## stop the stack and remove its data, .venv and caches
	rm -rf .pylayer .venv .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or newer is needed: make setup PYTHON=python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'The Python module venv is missing. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.packages: .venv/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

.venv/.setup: .venv/.packages
	$(BIN)/python -m pylayer.embedded.packages
	@touch $@

.venv/.services: .venv/.packages
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[spark]'
	$(BIN)/python -m pylayer.embedded.services
	@touch $@
