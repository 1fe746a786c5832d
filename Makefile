# `make demo` plans the shipped synthetic patient; `make test` runs the tests. Both install what they need into .venv first.
.POSIX:
# Byte code is kept whatever the surroundings say: else every program that tests and benches start compiles its libraries.
PY = PYTHONDONTWRITEBYTECODE= .venv/bin/python
WORKERS = 2

.PHONY: help demo test lint types format bench docs lock web web-check clean FORCE

help:
	@echo 'make demo    plan the shipped synthetic patient into demo-out/'
	@echo 'make test    run the tests (WORKERS=n for n processes; ARGS=... goes to pytest)'
	@echo 'make lint    ruff'
	@echo 'make types   mypy --strict on src'
	@echo 'make format  let ruff mend and format the sources'
	@echo 'make bench   every bench/bench_*.py at its smallest size'
	@echo 'make docs    the pages of docs/reference/instruments from the tables'
	@echo 'make lock    requirements.in -> requirements.lock (needs uv; UPGRADE=--upgrade moves the pins)'
	@echo 'make web     web/ -> the script inside the report (needs node and npm)'
	@echo 'make clean   remove .venv and everything generated'

# The script decides by hash whether there is anything to do.
.venv/.stamp: FORCE
	@sh scripts/bootstrap

demo: .venv/.stamp
	PYTHONDONTWRITEBYTECODE= .venv/bin/enbloc demo --out demo-out

# The workers share the cores already: threads of the linear algebra library would only wait for each other.
test: .venv/.stamp
	OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: .venv/.stamp
	$(PY) -m ruff check .

types: .venv/.stamp
	$(PY) -m mypy

format: .venv/.stamp
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: .venv/.stamp
	@for script in bench/bench_*.py; do \
		[ -f "$$script" ] || continue; \
		echo "== $$script --smoke"; \
		$(PY) "$$script" --smoke || exit 1; \
	done

docs: .venv/.stamp
	$(PY) scripts/instrument_pages.py

lock:
	@command -v uv >/dev/null 2>&1 || { echo 'make lock needs the program uv on PATH' >&2; exit 3; }
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		$(UPGRADE) --output-file requirements.lock requirements.in

web:
	sh web/build.sh

# Without node and npm there is nothing to compare with; the hashes of the sources are compared by the tests anyway.
web-check:
	@sh web/build.sh --check || { code=$$?; [ $$code -eq 3 ] && echo 'the rebuild of the script was not checked' || exit $$code; }

clean:
	rm -rf .venv web/node_modules demo-out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
