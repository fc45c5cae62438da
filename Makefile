.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.PHONY: help run test check format messages gallery validate fuzz bench torture
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## Start the app with its embedded defaults and print where to click
	$(BIN)/touchstone up

test: $(STAMP) ## Run the tests (on SQLite and PostgreSQL, with a browser)
	@$(BIN)/python -m tests.chromium
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP) ## Linters, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(STAMP) ## Bring the catalogues of translations up to what the code says
	$(BIN)/python -m tests.messages

gallery: $(STAMP) ## Pictures of every page, in two themes at three widths, in the folder gallery
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.gallery

validate: $(STAMP) ## Check the whole loop against published figures; DATA names the folder of data sets
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks.validate $(DATA)

fuzz: $(STAMP) ## Send thousands of requests that are made from the API's own description, as everybody
	FUZZ_EXAMPLES=50 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q tests/web/test_fuzz.py

torture: $(STAMP) ## Kill web processes and databases while annotators work; SECONDS (600 in all), SEED, DATABASE
	$(BIN)/python -m tests.torture $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))
	QUEUE_MACHINE_EXAMPLES=200 $(BIN)/python -m pytest -q tests/domain/test_queue_machine.py

bench: $(STAMP) ## Measure the desk, the queue, imports and exports, and training, against what lies beneath them
	$(BIN)/python -m benchmarks.desk
	$(BIN)/python -m benchmarks.queue
	$(BIN)/python -m benchmarks.transfer
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks.training
