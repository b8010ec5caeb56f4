# `make help` lists what there is. Needs Python 3.11 or later with venv; the packages come from
# requirements.lock, by their hashes.

PYTHON ?= python3
PYTEST_ARGS ?= -q -n 2
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help setup demo test soak bench score check lock pictures clean

help:
	@echo "make setup   the program, ready to run: .venv/bin/mailgate (PYTHON=… chooses the Python)"
	@echo "make demo    a desk on this computer, with three mailboxes in the browser"
	@echo "make test    all tests; installs the Debian packages that they need (PYTEST_ARGS=…)"
	@echo "make soak    200 deaths of a busy desk at random moments (SOAK=…, SOAK_SEED=…)"
	@echo "make bench   the road against the least that this stack can do"
	@echo "make score   how well labelled mails are understood (SCORE_ARGS=-v names the others)"
	@echo "make check   ruff and mypy"
	@echo "make lock    requirements.lock anew from pyproject.toml"
	@echo "make pictures  the pictures of docs/ anew, with chromium"
	@echo "make clean   removes what the others made, .venv included"

setup: .venv/installed

# The lock is complete, so pip resolves nothing: it would prefer a newer release of what another
# package asks for with an extra, and refuse it for want of a hash.
# Packages are compiled as they are installed, but not one that stays where it is (-e): whoever may
# not write into its folders would compile it at each start, for a sixth of a second.
# The stamp is written last: after an interruption the next call begins again.
.venv/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "mailgate needs Python 3.11 or later: make setup PYTHON=/path/to/python3.11" >&2; \
	    exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q mailgate rules store
	@touch $@

demo: setup
	$(BIN)/mailgate demo

test: setup
	scripts/debian-packages
	$(BIN)/python -m pytest $(PYTEST_ARGS)

soak: setup
	scripts/debian-packages
	SOAK=$${SOAK:-200} SOAK_SEED=$${SOAK_SEED:-$$(date +%s)} \
	    $(BIN)/python -m pytest -q -s tests/crash/test_random_kills.py

bench: setup
	$(BIN)/python -m tests.bench.bench $(BENCH_ARGS)

score: setup
	$(BIN)/python -m tests.score $(SCORE_ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:
	@set -e; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	$(PYTHON) -m venv "$$tmp/venv"; \
	"$$tmp/venv/bin/python" -m pip --disable-pip-version-check --quiet install uv; \
	"$$tmp/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 \
	    --no-emit-index-url --generate-hashes --no-header --no-annotate --extra demo --extra dev \
	    pyproject.toml -o requirements.lock

pictures: setup
	scripts/debian-packages
	@fc-list : family | grep -q "Liberation Sans" || { \
	    echo "the pictures need Debian's fonts-liberation" >&2; exit 1; }
	$(BIN)/python -m tests.browser.pictures

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
