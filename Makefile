# `make demo` and `make test` do all of their own set-up; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SECONDS_TO_FUZZ ?= 20
SECONDS_TO_SOAK ?= 3600
# Twice the processors: tests wait for brokers and processes half of their time.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')

.DEFAULT_GOAL := help
.PHONY: audit sbom docs reference help setup demo test test-slow test-cluster test-again fuzz soak smoke agent-kills rescue-kills report-script up lint lint-deployment format lock bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make the .venv with everything that the tests use

$(READY): requirements.lock pyproject.toml
	@echo "omni: setting up $(VENV) (a minute or two, once)"
	@$(PYTHON) -c 'import sys; sys.exit("omni: Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## the story in a minute, on the embedded broker; ends by itself
	@$(BIN)/omni demo

test: $(READY) ## all tests but those of test-slow and test-cluster, in under a quarter of an hour
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not cluster and not slow"

test-slow: $(READY) ## those that kill processes many times, or start everything: some ten minutes more
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "slow and not cluster"

test-cluster: $(READY) ## only those with three Kafka brokers; they skip without Java and Maven
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m cluster

test-again: $(READY) ## what failed last, one after the other and with nothing beside it
	@$(BIN)/python -m pytest --last-failed --last-failed-no-failures=none

fuzz: $(READY) ## 20 seconds of mutated contracts against the extractor; SECONDS_TO_FUZZ=600 for longer, SEED=7 for the same again
	@$(BIN)/python -m tests.fuzz.extractor --seconds $(SECONDS_TO_FUZZ) $(if $(SEED),--seed $(SEED))

soak: $(READY) ## an hour of drift, tasks, killed processes, a broker that comes and goes and clocks that are set; SECONDS_TO_SOAK=600 for less, SEED=7
	@$(BIN)/python -m tests.soak --seconds $(SECONDS_TO_SOAK) $(if $(SEED),--seed $(SEED))

smoke: $(READY) ## every declared topic and every handler in Python, tried on a broker of their own
	@$(BIN)/omni smoke

rescue-kills: $(READY) ## a rescue killed 50 times at random points; RESCUE_KILLS=200 for more
	@RESCUE_KILLS=$${RESCUE_KILLS:-50} $(BIN)/python -m pytest -q -s -m "not cluster" tests/operations/test_rescue_kills.py

agent-kills: $(READY) ## workers killed 100 times at each point and at random moments, on both brokers; AGENT_KILLS=20 for less
	@AGENT_KILLS=$${AGENT_KILLS:-100} $(BIN)/python -m pytest -q -s tests/agents/test_crash.py tests/agents/test_crash_kafka.py

report-script: web/report/node_modules ## build the script of the report anew with npm, in the versions that web/report pins
	@cd web/report && npm run --silent build

web/report/node_modules: web/report/package-lock.json
	@cd web/report && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

web/asyncapi/node_modules: web/asyncapi/package-lock.json
	@cd web/asyncapi && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

up: $(READY) ## local broker, provisioning, drift and the Dagster UI, until Ctrl-C
	@$(BIN)/omni up

lint: $(READY) lint-deployment ## ruff, bandit, mypy, import-linter and docstrings, and what docker/ and .github/ hold
	@$(BIN)/ruff check .
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive omni_assets
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.docstrings.check
	@if [ -x web/report/node_modules/.bin/tsc ]; then cd web/report && npm run --silent lint; \
	  else echo "omni: the script of the report was not checked: make web/report/node_modules installs what that takes"; fi

lint-deployment: $(READY) ## the Dockerfile by hadolint, compose file and workflows by their schemas, workflows by actionlint
	@$(BIN)/hadolint docker/Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker/compose.yaml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	@if $(MAKE) --silent $(BIN)/actionlint; then $(BIN)/actionlint -shellcheck= -pyflakes=; \
	  else echo "omni: actionlint cannot be had here (it is built with Go), the workflows are held against their schema alone" >&2; fi

$(BIN)/actionlint: Makefile
	@command -v go >/dev/null && GOBIN=$(abspath $(BIN)) timeout 300 go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	@touch $@

audit: $(READY) ## known weaknesses of what is locked, where a database of them can be reached
	@$(BIN)/python -m tests.supply_chain.audit

sbom: $(READY) ## the bill of materials in build/sbom.json: CycloneDX, out of the lock file alone
	@mkdir -p build && $(BIN)/python -m tests.supply_chain.bill build/sbom.json && echo build/sbom.json

docs: $(READY) ## the pages of docs/ in build/docs; a dead link or anchor is an error
	@$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going --conf-dir web/docs docs build/docs
	@echo build/docs/index.html

reference: $(READY) ## write docs/reference and docs/schemas anew from the code
	@$(BIN)/python -m web.docs.reference

format: $(READY) ## sort imports and lay out the code
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: $(READY) ## make the locks anew: requirements.lock from pyproject.toml, and those of the image, in the same versions
	@$(LOCK) pyproject.toml --extra broker --extra router --extra agents --extra languages --extra learn \
	  --extra classify --extra postgres --extra local --extra redis --extra telemetry --extra docs --extra dev \
	  -o requirements.lock
	@$(LOCK) pyproject.toml --extra router --extra agents --extra postgres --extra telemetry \
	  --constraint requirements.lock --no-annotate -o docker/requirements.lock
	@echo hatchling | $(LOCK) - --constraint requirements.lock --no-annotate -o docker/build.lock

bench: $(READY) ## measure every claim of benchmarks/README.md
	@$(BIN)/python -m benchmarks.all

clean: ## remove the .venv and what tools leave behind; never .omni, which holds your state
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
