# Everything here sets the clone up first (Python 3.11 to 3.13 and make are all a machine needs).
PYTHON ?= python3
RUN := .venv/bin/python
UNIT := $(wildcard tests/unit tests/property tests/fuzz tests/contract tests/golden tests/simulation)
SERVERS := $(filter-out $(UNIT) tests/__pycache__,$(patsubst %/,%,$(wildcard tests/*/)))
export PYTHONPATH := $(CURDIR)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-unit test-long check bench chaos

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "./ketenbus      the command line: up, down, status, logs, env, demo, lineage, ..."

setup: ## the packages of uv.lock into .venv; says first how much it downloads
	@$(PYTHON) -S -E infra/bootstrap.py

demo: setup ## the main job: a national history in, the published tables out
	@./ketenbus demo

test: test-unit ## every test but the long ones (make test-long), on a real Kafka and PostgreSQL (at most 15 minutes)
	@BUS_REQUIRE=broker $(RUN) -m pytest -q -m "not long" $(SERVERS)

test-unit: setup ## the tests that need no server (under a minute)
	@$(RUN) -m pytest -q -m "not long" -n auto --dist loadfile $(UNIT)

test-long: setup ## the tests that take longest
	@UV_PROJECT_ENVIRONMENT=.venv $${KETENBUS_UV:-$$(ls .tools/uv-*/bin/uv)} sync --quiet --frozen --inexact --group fuzz
	@BUS_REQUIRE=broker $(RUN) -m pytest -q -m long tests

check: setup ## style, types, imports and the contract
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports
	@$(RUN) -m schemas.build --check

chaos: setup ## every trouble on a running bus, and what became of all that was acknowledged
	@$(RUN) -m tests.fault.table

bench: setup ## speed and memory beside peers, as docs/measurements.md has them (about 20 minutes)
	@$(RUN) -m bench --json out/bench.json
