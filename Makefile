.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.PHONY: help run test check format validate
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## Start the app with its embedded defaults and print where to click
	$(BIN)/touchstone up

test: $(STAMP) ## Run the tests (on SQLite and PostgreSQL, with a browser)
	@$(BIN)/python -m tests.chromium
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

check: $(STAMP) ## Linters, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

validate: $(STAMP) ## Check the whole loop against published figures; DATA names the folder of data sets
	HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks.validate $(DATA)
