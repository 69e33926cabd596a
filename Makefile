# Two commands for a newcomer: `make demo` and `make test`. Everything else is for people who stay.
SHELL := /bin/bash
# Debian's own Python where it is there with its venv: it is built with profile-guided optimisation, and does a third more than one that is not (pyenv's default).
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
# The environment's own state; remade when a lock file or the package description changes.
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready

.PHONY: demo tour up test bench bench-long chaos properties fuzz lint check lock assets clean browser

demo: $(READY)            ## set up, start everything, do the main job once as a tour, keep serving
	$(BIN)/toono up --tour

tour: $(READY)            ## the same, then stop; ends with non-zero at the first step that fails
	$(BIN)/toono tour

up: $(READY)              ## only serve
	$(BIN)/toono up

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)."; exit 1; }
	@test -x $(BIN)/python || { echo "making the virtual environment …"; $(PYTHON) -m venv $(VENV); }
	@echo "installing what Toono stands on (hash-locked; about half a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m toono.ui.build
	@touch $@

$(DEV_READY): $(READY) requirements-dev.lock
	@echo "installing the tools of the tests (hash-locked) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

browser:                  ## the judges of the tests from Debian: Chromium, pdfsig, certutil, SoftHSM2, the spelling of Mongolian
	@bash tests/judges.sh

test: $(DEV_READY) browser   ## everything; about half an hour on two cores
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	TOONO_DATABASE_URL=postgresql://nobody@nowhere/types TOONO_SECRET_KEY=types-only $(BIN)/mypy   # its Django plugin reads the settings
	$(BIN)/toono catalogue lint

bench: $(DEV_READY)       ## figures beside peers measured in the same run; writes docs/benchmarks.md
	@bash bench/peers.sh
	$(BIN)/python -m bench

bench-long: $(DEV_READY)  ## memory over ten minutes, speed with ten million rows; about half an hour; writes docs/benchmarks-long.md
	@bash bench/peers.sh
	$(BIN)/python -m bench.long

chaos: $(DEV_READY)       ## kill -9 gateway, signer and database a hundred times under load; nothing answered may be missing
	CHAOS_KILLS=34 $(BIN)/python -m pytest tests/faults -k "kill_9_under_load or kill_at_every_step"

properties: $(DEV_READY)  ## ten thousand generated requests at every endpoint that strangers reach; three quarters of an hour
	PROPERTY_EXAMPLES=10000 $(BIN)/python -m pytest tests/properties tests/conformance/test_oidc_attacks.py

fuzz: $(DEV_READY)        ## every parser of signed files under a coverage-guided fuzzer, ten minutes
	$(BIN)/python -m tests.fuzz 600

lock: $(DEV_READY)        ## write the lock files anew (hashes, no addresses of any registry)
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe --extra dev --output-file requirements-dev.lock pyproject.toml

clean:                    ## forget the environment and all state of this copy
	rm -rf $(VENV) var src/toono/ui/node_modules src/toono/ui/static
