# Everything that one does with the project. Needs git, make and Python 3.11; the rest is installed
# into .venv (and uv into .venv-tools where the machine has none).

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

BIN := .venv/bin
SOURCES := bot actions channels console portal troly
# Extra arguments for pytest: make test ARGS="tests/portal -x"
ARGS ?=

# The interpreter: named python3.11 or not, but one that really starts and really is 3.11.
FIND_PYTHON = for candidate in python3.11 python3 python; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
	    echo "$$candidate"; exit 0; fi; done; \
	echo "make: Python 3.11 is missing: install it (Debian 12: apt-get install python3.11 python3.11-venv)" >&2; exit 1

# uv: the machine's own, else one in .venv-tools; nothing global is touched.
FIND_UV = if uv --version >/dev/null 2>&1; then echo uv; exit 0; fi; \
	uv=$(CURDIR)/.venv-tools/bin/uv; \
	if ! "$$uv" --version >/dev/null 2>&1; then \
	  python=$$($(FIND_PYTHON)); \
	  echo "Installing uv into .venv-tools" >&2; \
	  { rm -rf .venv-tools && "$$python" -m venv .venv-tools && .venv-tools/bin/python -m pip install -q 'uv>=0.8'; } >/dev/null 2>&1 \
	  || { rm -rf .venv-tools && "$$python" -m pip install -q --target .venv-tools 'uv>=0.8'; } >&2 \
	  || { echo "make: uv could not be installed: install python3.11-venv, or uv itself, and try again" >&2; exit 1; }; \
	fi; echo "$$uv"

.PHONY: help run test check format train lock audit sbom migration environment clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

run: environment ## Start everything (trains first when there is no model)
	@exec $(BIN)/troly serve

test: environment ## Run all tests; what the machine lacks is skipped with a reason
	@exec $(BIN)/python -m pytest $(ARGS)

check: environment ## Format, lint, types, boundaries, training data
	@failed=""; \
	for step in "ruff format --check --output-format concise ." "ruff check --output-format concise ." "mypy" "lint-imports" "troly data check"; do \
	  echo "== $$step"; $(BIN)/$$step || failed="$$failed, $$step"; \
	done; \
	if [ -n "$$failed" ]; then echo "make check failed: $${failed#, }" >&2; exit 1; fi

format: environment ## Format and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

train: environment ## Train a model from nlu_data/ and bot/
	@exec $(BIN)/troly train

lock: ## Renew requirements.lock and requirements.slim.lock from pyproject.toml
	@uv=$$($(FIND_UV)); \
	compile="$$uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header pyproject.toml"; \
	$$compile --all-extras --group dev -o requirements.lock $(if $(UPGRADE),--upgrade); \
	$$compile -c requirements.lock --extra telemetry -o requirements.slim.lock; \
	if grep -nE '://|^ *--(extra-)?index|^ *--find-links' requirements.lock requirements.slim.lock; then \
	  echo "make: a lock names an address (above): unset the index settings of uv and try again" >&2; exit 1; fi; \
	echo "Locked $$(grep -c '^[a-z0-9]' requirements.lock) packages, $$(grep -c '^[a-z0-9]' requirements.slim.lock) of them in slim"

audit: environment ## Known advisories of the locked packages, and the reviewed ones (tools/audit.yml)
	@exec $(BIN)/python tools/audit.py $(ARGS)

sbom: environment ## Bills of materials of both images, CycloneDX, into var/sbom
	@exec $(BIN)/python tools/sbom.py

migration: environment ## Write a migration for changed tables: make migration NAME="add offices"
	@if [ -z "$(NAME)" ]; then echo 'make: say what changes: make migration NAME="add offices"' >&2; exit 2; fi; \
	file=$$($(BIN)/python -c 'import sys; from troly.migrate import revision; print("", revision(sys.argv[1]))' "$(NAME)" | tail -n 1); \
	$(BIN)/ruff format -q $$file; $(BIN)/ruff check -q --fix $$file; echo "Look over$$file"

clean: ## Remove what tools made; models/, var/ and .venv/ stay
	@rm -rf .rasa .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
	@find $(SOURCES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Nothing to do, and nothing done, while the lock and pyproject.toml are those of the last time.
environment:
	@want=$$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-64); \
	if [ "$$(cat .venv/.environment 2>/dev/null)" = "$$want" ] && $(BIN)/python -c '' 2>/dev/null; then exit 0; fi; \
	python=$$($(FIND_PYTHON)); uv=$$($(FIND_UV)); \
	$(BIN)/python -c '' 2>/dev/null || "$$uv" venv -q --clear --python "$$python" .venv; \
	echo "Installing the packages of requirements.lock into .venv"; \
	"$$uv" pip sync $$([ -t 2 ] || echo -q) --compile-bytecode --python .venv --require-hashes requirements.lock; \
	"$$uv" pip install -q --python .venv --no-deps -e .; \
	echo "$$want" > .venv/.environment
