# Each target sets up what it needs. `make demo` and `make test` are all that a newcomer types.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test test-slow check serve bench clean

demo: $(INSTALLED)        ## fetch the models, ingest the demo store, answer three questions, serve
	$(BIN)/python scripts/demo.py

serve: $(INSTALLED)       ## serve every store under indexes/
	$(BIN)/rag-cs serve

test: $(INSTALLED)        ## the fast set, offline and on fakes; then the demo store on real models
	$(BIN)/python -m pytest -n auto --benchmark-disable
	$(BIN)/rag-cs models fetch
	$(BIN)/python -m pytest -m models

test-slow: $(INSTALLED)   ## every real model, OCR, a real browser
	$(BIN)/rag-cs models fetch multilingual-e5-small shop-qwen-0.5b \
		qwen2.5-coder-0.5b-instruct smollm2-135m-instruct all-minilm-l6-v2
	$(BIN)/python -m pytest -m slow

check: $(INSTALLED)       ## what must hold before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(INSTALLED)       ## speed and memory, as ratios in one run
	$(BIN)/python scripts/bench/embedding.py
	$(BIN)/python scripts/bench/generation.py
	$(BIN)/python scripts/bench/retrieval.py
	$(BIN)/python scripts/bench/serving.py
	$(BIN)/python scripts/bench/waiting.py

clean:                    ## forget the environment; stores and models stay
	rm -rf .venv

# torch comes first and pinned: left to a dependency, pip may fetch gigabytes of CUDA builds.
$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
