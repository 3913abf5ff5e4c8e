# What a developer does here, by name. Everything goes on in a venv of the checkout's own.
.PHONY: demo test test-compiled e2e lint types check golden wheel docs bench clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ANSWER ?= corpus/several/response.md

demo: .venv/ready          ## show what tapfix makes of an answer
	@$(BIN)/tapfix diff $(ANSWER) || test $$? -eq 1

test: .venv/ready          ## all tests but those that apply stacks
	$(BIN)/python -m pytest -n auto --dist loadgroup --ignore tests/e2e

COMPILED := build/compiled
test-compiled: .venv/ready ## the same tests with a compiled copy (docs/compiled.md), but for those of the wheel
	rm -rf $(COMPILED)
	mkdir -p $(COMPILED)
	cp -R .ci $(filter-out build dist site,$(wildcard *)) $(COMPILED)
	$(BIN)/python -m tapfix.syntax.compiling $(COMPILED)
	cd $(COMPILED) && export PYTHONPATH="$$PWD" && ../../$(BIN)/python -m tapfix --version -v | grep 'parser: compiled'
	cd $(COMPILED) && export PYTHONPATH="$$PWD" && \
	  ../../$(BIN)/python -m pytest -n auto --dist loadgroup --ignore tests/e2e --ignore tests/packaging

e2e: .venv/e2e-ready       ## apply and destroy repaired stacks on an emulator, with the real terraform
	TF_CLI_CONFIG_FILE=$$(.ci/provider-mirror) $(BIN)/python -m pytest -n auto --dist worksteal tests/e2e

lint: .venv/ready          ## style, and which way imports run
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: .venv/ready
	$(BIN)/mypy

check: lint types test     ## what to run before a commit

golden: .venv/ready        ## write the corpus's expected files anew; read the diff before you commit it
	$(BIN)/python -m pytest tests/golden -q --regenerate

wheel: .venv/ready         ## build the wheel and the sdist into dist/
	rm -rf dist
	$(BIN)/python -m build

# The quick benchmarks, which need nothing but the checkout. bench/README.md lists the others. Peers that are not installed
# are left out.
bench: .venv/ready         ## measure parsing, a whole command, recovery and region-collapse (under a minute)
	$(BIN)/python -m bench.speed corpus --files 100 --rounds 3 --answer $(ANSWER)
	$(BIN)/python -m bench.recovery corpus
	$(BIN)/python -m bench.regions --blocks 50,100,200 --rounds 2

docs: .venv/docs-ready     ## build the site into site/
	$(BIN)/python docs/make_rule_pages.py
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv build dist site

# pip before 25.1 does not know dependency groups; the one that a new venv brings may be older.
.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev --editable .
	touch $@

.venv/e2e-ready: .venv/ready
	$(BIN)/python -m pip install --quiet --group e2e
	touch $@

.venv/docs-ready: .venv/ready
	$(BIN)/python -m pip install --quiet --group docs
	touch $@
