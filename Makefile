# `make demo` and `make test` set up what they need; the second time they need no network.
.PHONY: demo test coverage test-slow lint format bench scorecard films docs web clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PICTURES := examples/pictures
WORKERS := $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN || echo 1))
PARALLEL := -n $(WORKERS) --dist worksteal -m "not slow"

# Build environments obey the constraints too, and pip does not look for its own updates.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Bytecode is kept, whatever the environment says: the tests start hundreds of processes, and each would compile the
# package again.
export PYTHONDONTWRITEBYTECODE :=

demo: $(VENV)/core
	@$(BIN)/impasto $(PICTURES)/summer_palace.jpg $(PICTURES)/starry_night.jpg -o demo.png --force

# A worker for each core and one more, as some wait for what they started, with one thread each: workers with more
# threads would fight over the cores. What asks for two threads nevertheless is not to wait for them in a loop.
ONE_THREAD := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
test: $(VENV)/dev
	$(ONE_THREAD) $(BIN)/python -m pytest $(PARALLEL)

coverage: $(VENV)/dev
	$(ONE_THREAD) $(BIN)/coverage run -m pytest $(PARALLEL)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report --skip-covered --skip-empty

test-slow: $(VENV)/dev
	$(BIN)/python -m pytest -m slow --timeout 3600

lint: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/dev
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/parts.py
	$(BIN)/python benchmarks/precision.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/convergence.py
	$(BIN)/python benchmarks/batch.py
	$(BIN)/python benchmarks/large.py
	$(BIN)/python benchmarks/estimates.py
	$(BIN)/python benchmarks/cluster_tiles.py
	$(BIN)/python benchmarks/cluster.py
	PYTHONPATH=benchmarks $(BIN)/python scripts/generate_docs.py

# Hours on two cores: every picture of every tool that is not there yet.
scorecard: $(VENV)/dev
	PYTHONPATH=benchmarks $(BIN)/python -m scorecard.peers
	PYTHONPATH=benchmarks $(BIN)/python -m scorecard
	PYTHONPATH=benchmarks $(BIN)/python -m scorecard.sizes
	PYTHONPATH=benchmarks $(BIN)/python -m scorecard.cost
	PYTHONPATH=benchmarks $(BIN)/python scripts/scorecard_sheets.py
	PYTHONPATH=benchmarks $(BIN)/python scripts/generate_docs.py

# Half an hour on two cores: films of four clips, and frames painted by themselves beside them.
films: $(VENV)/dev
	PYTHONPATH=benchmarks $(BIN)/python -m video
	PYTHONPATH=benchmarks $(BIN)/python scripts/generate_docs.py

docs: $(VENV)/dev
	PYTHONPATH=benchmarks $(BIN)/python scripts/generate_docs.py

# The studio's page; what is built is committed, so that only those who change it need Node.
web: $(VENV)/dev
	$(BIN)/python scripts/studio_openapi.py
	cd web && npm ci --no-audit --no-fund && npm run types && npm run build

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* demo.png

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Impasto needs Python 3.11 or newer; name it: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip' || { echo "This Python cannot make virtual environments: install your system's python3-venv package." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/core
