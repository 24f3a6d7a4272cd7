# rayocr's own commands. `make` alone lists them. Needs GNU make and Python 3.11, 3.12 or 3.13.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
QUANTIZE := .venv-quantize
EXTRAS := cpu,stock,dev,demo
JOBS ?= 2
TOOLS := .venv-tools
# A file that is not the one that was pinned is refused, and a source archive is built with pinned tools alone.
HASHED := --quiet --disable-pip-version-check --require-hashes --no-build-isolation

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast test-system test-quantize lint format docs hashes sbom licenses audit fuzz bench bench-gpu clean \
  clean-demo

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP) ## make .venv, install everything at tested versions, fetch the default model

$(STAMP): pyproject.toml requirements/build.txt requirements/install.txt
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11, 3.12 or 3.13, then: make install PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "rayocr needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make install PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(HASHED) -r requirements/build.txt
	$(BIN)/python -m pip install $(HASHED) -r requirements/install.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/rayocr models fetch
	@touch $@

demo: $(STAMP) ## render thirteen pages, recognise them, query the result
	$(BIN)/python samples/render.py demo/pages
	$(BIN)/rayocr run configs/laptop.yaml
	$(BIN)/python samples/show.py demo/out demo/truth.jsonl

# A process that dies ends the tests: xdist waits for ever for what it takes over from it.
SHARED_OUT := -n $(JOBS) --dist loadgroup --no-loadscope-reorder --max-worker-restart 0

test: $(STAMP) ## run all tests but those of test-system, in JOBS processes (2)
	$(BIN)/pytest $(SHARED_OUT) -m "not system"

test-system: $(STAMP) ## install what tests need of Debian (fonts, word lists, a compiler), and run these
	@$(BIN)/python -m tests.debian
	$(BIN)/pytest $(SHARED_OUT) -m system

# NNCF brings scikit-learn, which PaddleOCR would then import, too (1 CPU second and 90 MB more at its start):
# so it stands in an environment of its own, on top of the other one.
$(QUANTIZE)/.installed: $(STAMP)
	$(BIN)/python -m venv $(QUANTIZE)
	$(QUANTIZE)/bin/python -c 'import site, sys; from pathlib import Path; \
	  Path(site.getsitepackages()[0], "below.pth").write_text(f"import site; site.addsitedir({sys.argv[1]!r})\n")' \
	  "$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')"
	$(QUANTIZE)/bin/python -m pip install $(HASHED) -r requirements/build.txt
	$(QUANTIZE)/bin/python -m pip install $(HASHED) -r requirements/quantize.txt
	@touch $@

test-quantize: $(QUANTIZE)/.installed ## run the tests of int8 models, which need 220 MB more
	$(QUANTIZE)/bin/python -m pytest tests/actors/fast/test_int8.py tests/rayocr/test_quantize.py

test-fast: $(STAMP) ## run the tests that take seconds
	$(BIN)/pytest -m "not slow and not system"

lint: $(STAMP) ## check style, types, the rooms' one-way imports, and that generated docs are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy samples/*.py docs/generate.py
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## generate docs/errors.md, docs/schema.md and docs/config.md from the code
	$(BIN)/python docs/generate.py

# In an environment of their own: what they need is no part of rayocr.
$(TOOLS)/.installed: requirements/tools.txt
	test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install $(HASHED) -r requirements/build.txt
	$(TOOLS)/bin/python -m pip install $(HASHED) -r requirements/tools.txt
	@touch $@

hashes: $(TOOLS)/.installed ## write requirements/*.txt again: every pinned package with its hashes, from your index
	$(TOOLS)/bin/python requirements/lock.py $(TOOLS)/bin/uv $(EXTRAS)

sbom: $(STAMP) $(TOOLS)/.installed ## write sbom.json, the packages of .venv (CycloneDX)
	$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --of JSON -o sbom.json $(BIN)/python

licenses: $(STAMP) ## check that every installed package has a licence that is allowed
	$(BIN)/python requirements/licenses.py

audit: $(TOOLS)/.installed ## ask the advisory database for known holes in pinned packages; 3: not reached
	$(TOOLS)/bin/python requirements/audit.py $(TOOLS)/bin/pip-audit

fuzz: $(STAMP) ## give bytes of any kind to everything that reads what strangers wrote, FUZZ_SECONDS (40) in all
	$(BIN)/python -m tests.fuzz all --seconds $(or $(FUZZ_SECONDS),40) --jobs $(JOBS)

bench: $(STAMP) ## measure what Ray and the pipeline cost on this machine
	$(BIN)/python benchmarks/overhead.py

# Not after $(STAMP): that would put the runtime for CPUs back over the one for cards.
bench-gpu: ## measure a card: engines, whole runs, sharing it; with ARGS=--tensorrt float16, too
	@test -x $(BIN)/python || { echo "First: make install, then the packages for a card (README.md)"; exit 2; }
	$(BIN)/python benchmarks/gpu.py $(ARGS)

clean-demo: ## remove the demo's pages and output
	rm -rf demo

clean: clean-demo ## remove the demo, the virtual environment and caches
	rm -rf $(VENV) $(QUANTIZE) $(TOOLS) fuzz-found sbom.json build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
