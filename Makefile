# Everything there is to do with a checkout. `make help` lists it.
# Settings go in front or behind: make up MARQUEE_PORT=8001 MARQUEE_MLFLOW_PORT=5001

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:
# .venv is ours: without the bytecode it keeps, each process would compile MLflow and pandas anew.
unexport PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
NPM := scripts/npm
FRONT_END_SOURCES := $(shell find front-end/src front-end/public front-end/*.html front-end/*.ts front-end/*.json -type f 2>/dev/null)

##@ Run

.PHONY: up
up: environment front-end ## start the whole platform on this machine; Ctrl-C stops it
	@exec $(PY) -m marquee up $(ARGS)

.PHONY: down
down: environment ## stop it from another terminal
	@$(PY) -m marquee down

.PHONY: doctor
doctor: environment ## look for what is wrong with the platform or this machine
	@$(PY) -m marquee doctor

##@ Develop

.PHONY: test
test: environment-dev front-end chromium ## run every test: unit, integration, browser, front-end
	$(PY) -m pytest -n logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder --ignore=tests/compose $(ARGS)
	$(NPM) test

.PHONY: test-compose
test-compose: environment-dev ## the journey through Docker Compose; needs a Docker engine
	$(PY) -m pytest tests/compose $(ARGS)

.PHONY: check
check: environment-dev front-end/node_modules/.package-lock.json ## linters, types, import layers, stale generated files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(NPM) run lint
	$(NPM) run typecheck
	$(PY) -m app.openapi | cmp - front-end/openapi.json
	$(NPM) run check:generated

.PHONY: format
format: environment-dev ## format the Python code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: api-types
api-types: environment-dev front-end/node_modules/.package-lock.json ## generate the front-end's types from the API
	$(PY) -m app.openapi > front-end/openapi.json
	$(NPM) run generate

.PHONY: bench
bench: environment-dev front-end ## measure: tables, and benchmarks/results/*.json; also bench-NAME
	$(PY) -m benchmarks $(ARGS)

bench-%: environment-dev front-end
	$(PY) -m benchmarks $* $(ARGS)

# Models alone, or none, are measured: nothing to build.
.PHONY: bench-models bench-judge bench-scale
bench-models bench-judge bench-scale: environment-dev
	$(PY) -m benchmarks $(@:bench-%=%) $(ARGS)

.PHONY: notebooks
notebooks: environment-dev ## open JupyterLab on notebooks/
	@exec $(PY) -m jupyterlab --notebook-dir notebooks

.PHONY: lock
lock: environment-dev ## bring requirements*.lock in line with pyproject.toml; ARGS=--upgrade for newer versions
	$(COMPILE) --extra embedded pyproject.toml --output-file requirements.lock
	$(COMPILE) --all-extras --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock
	printf 'uv\nsetuptools\n' | $(COMPILE) --constraint requirements.lock - --output-file requirements-build.lock
COMPILE = .venv/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(ARGS)

.PHONY: clean
clean: ## remove the environment and everything built; state in var/ and data/ stays
	rm -rf .venv front-end/node_modules front-end/dist build *.egg-info src/*.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: environment environment-dev chromium front-end
environment:
	@scripts/environment base

environment-dev:
	@scripts/environment dev

chromium:
	@scripts/chromium

front-end: front-end/dist/index.html

front-end/dist/index.html: front-end/node_modules/.package-lock.json $(FRONT_END_SOURCES)
	@echo "Building the front-end ..."
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@

front-end/node_modules/.package-lock.json: front-end/package-lock.json | environment
	@echo "Installing the front-end's packages ..."
	@$(NPM) ci --silent --no-audit --no-fund
	@touch $@
