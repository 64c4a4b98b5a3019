# Two commands on a fresh machine with make, Python >= 3.12 and pip:  make demo   make test
# Everything goes into .venv/, from the locks in requirements/. uv is used where it is present.

VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
CODE := $(foreach folder,addons bench scripts tests wsinspect,$(if $(wildcard $(folder)/*.py $(folder)/*/*.py),$(folder)))
ARGS ?=
# A file's tests stay together: they share servers.
WORKERS := -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test lint check bench fuzz screenshots lock clean node_modules

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(RUN) ## the lab: realistic traffic, proxy and dashboard (ARGS="--headless --seconds 10" without a terminal)
	@$(PY) -m wsinspect demo $(ARGS)

test: $(DEV) node_modules ## all tests that this machine has the tools for (ARGS="-k deflate" for some)
	@$(PY) -m pytest $(WORKERS) $(ARGS)

lint: $(DEV) ## format, lint, types, architecture
	@$(PY) -m ruff format --check $(CODE)
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m mypy $(CODE)
	@$(VENV)/bin/lint-imports

check: lint test ## the one gate: lint and test

bench: $(DEV) ## ratios against stock mitmproxy and others; what the rules find; what the dashboard costs
	@$(PY) -m bench $(ARGS)
	@$(if $(ARGS),,$(PY) -m bench.dlp --split test)
	@$(if $(ARGS),,$(PY) -m bench.dashboard)
	@$(if $(ARGS),,$(PY) -m bench.dashboard_cost)

fuzz: $(DEV) ## coverage-guided fuzzing of protocol and relay
	@$(PY) -m tests.fuzz $(if $(ARGS),$(ARGS),--seconds 60)

screenshots: $(DEV) ## screenshots/, made from the dashboard itself
	@$(PY) -m scripts.screenshots $(ARGS)

clean: ## remove what make made
	rm -rf $(VENV) tests/e2e/node/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis snapshot_report.html
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment -----------------------------------------------------------------------------------------

# The interpreter, or the one line that says why there is none; asked for only when .venv/ is due.
# Only `make PYTHON=...` counts, not a PYTHON that happens to be in the environment.
python := $(if $(filter command%,$(origin PYTHON)),$(PYTHON))
found = $(shell sh scripts/find_python.sh $(python))
checked = $(if $(filter !%,$1),$(error $(wordlist 2,99,$1)),$1)

$(RUN): requirements/run.txt pyproject.toml
	@sh scripts/venv.sh "$(call checked,$(found))" requirements/run.txt
	@touch $@

# The development lock holds the run-time one.
$(DEV): requirements/dev.txt requirements/run.txt pyproject.toml
	@sh scripts/venv.sh "$(call checked,$(found))" requirements/dev.txt
	@touch $(RUN) $@

node_modules:
	@sh scripts/node_modules.sh

# --- the lock --------------------------------------------------------------------------------------------------------

# Universal (any system, Python >= 3.12), hashes of every file of a release, no registry named. uv reads no pip
# configuration, so private find-links and mirrors of pip cannot leak in. ARGS=--upgrade moves all versions,
# ARGS="--upgrade-package textual" one.
UV = $(if $(shell command -v uv),uv,$(VENV)/bin/uv)
LOCK = $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.12 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --group build $(ARGS)

lock: $(DEV) ## write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@command -v uv >/dev/null || $(PY) -m pip --disable-pip-version-check install -qq uv
	$(LOCK) -o requirements/run.txt
	$(LOCK) -c requirements/run.txt --group test --group check --group fuzz -o requirements/dev.txt
