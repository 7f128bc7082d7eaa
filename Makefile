# The two commands of the README: `make warehouse` and `make test`. Each sets up what it needs.
# The rest are habits: setup, tracking, test-long, lint, typecheck, fmt, bench, dev, docs, lock.

PYTHON ?= $(firstword $(foreach python,python3.13 python3.12 python3.11 python3,$(if $(shell $(python) -c 'import sys; print(int((3, 11) <= sys.version_info < (3, 14)) or "")' 2>/dev/null),$(python),)))
VENV := .venv
BIN := $(VENV)/bin
SETUP_DONE := $(VENV)/.setup-done
TRACKING_DONE := $(VENV)/.tracking-done
UV := $(shell command -v uv 2>/dev/null)
ANY_UV = $(or $(UV),$(BIN)/uv)
# All but the generic ones, which are no SQL before dbt has rendered them.
SQL_TESTS = $(filter-out tests/sql/generic/%,$(wildcard tests/sql/*.sql tests/sql/*/*.sql))

export DO_NOT_TRACK = 1
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
export DAGSTER_DISABLE_TELEMETRY = yes
export MLFLOW_DISABLE_TELEMETRY = true

# Says what a long command does, and prints a dot every three seconds until it ends.
define with_dots
printf '%s ' "$(1)"; \
{ while sleep 3; do printf .; done & } 2>/dev/null; dots=$$!; \
$(2); code=$$?; kill $$dots 2>/dev/null; echo; exit $$code
endef

.PHONY: warehouse test test-long setup tracking lint typecheck fmt bench dev docs lock clean

warehouse: $(SETUP_DONE)
	$(BIN)/regulars build

test: $(SETUP_DONE)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

# What takes minutes by its nature: every day of a replay, every step killed, studies of full size.
test-long: $(SETUP_DONE)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m long

setup: $(SETUP_DONE)

$(SETUP_DONE): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Regulars needs Python 3.11, 3.12 or 3.13; none was found. Install one, or say which: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Setting up, once: about a minute, three where packages are still to be downloaded."
ifneq ($(UV),)
	@echo "1/3 a Python environment in $(VENV)"
	@$(UV) venv --quiet --clear --python $(PYTHON) $(VENV)
	@$(call with_dots,2/3 the packages of requirements.lock,$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock)
	@$(call with_dots,3/3 the command regulars,$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .)
else
	@echo "1/3 a Python environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(call with_dots,2/3 the packages of requirements.lock,$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock)
	@$(call with_dots,3/3 the command regulars,$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .)
endif
	@mkdir -p warehouse
	@touch $@

# MLflow, with which every fit is also a run; uv is there in any case once the setup is done.
tracking: $(TRACKING_DONE)

$(TRACKING_DONE): $(SETUP_DONE) requirements-tracking.lock
	$(ANY_UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-tracking.lock
	@touch $@

lint: $(SETUP_DONE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint dbt_project/models $(SQL_TESTS)

typecheck: $(SETUP_DONE)
	$(BIN)/mypy

fmt: $(SETUP_DONE)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project/models $(SQL_TESTS)

bench: $(SETUP_DONE)
	$(BIN)/python -m pytest -p no:xdist -q tests/benchmarks/bench_*.py

dev: $(SETUP_DONE)
	$(BIN)/dagster dev

docs: $(SETUP_DONE)
	$(BIN)/dbt docs generate
	@echo "target/index.html: serve it with $(BIN)/dbt docs serve"

# Exact versions with hashes for Python 3.11 to 3.13 on every platform, no index address inside.
# The larger file comes first: what it may not have, the smaller one does not have either.
LOCK_BY_UV = $(ANY_UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-strip-extras \
	--custom-compile-command "make lock" pyproject.toml --extra dev

lock:
	$(LOCK_BY_UV) --extra tracking -o requirements-tracking.lock
	$(LOCK_BY_UV) --constraint requirements-tracking.lock -o requirements.lock

clean:
	rm -rf $(VENV) target logs
