# The front door. Needs make, python3 (3.11 or newer) with venv, and a way to PyPI; nothing is compiled.
#   make run                     start the bot; without a token: score the reel that the project draws itself
#   make run CLIP=holiday.mp4    score a clip of yours, through the bot's queue
#   make run CLIP=holiday.mp4 ARGS='--style epic --without drums'
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench chaos models audiocraft lock clean

# python3 where the synthesizer has a wheel for it, else a 3.12 or 3.11 beside it, else whatever python3 is
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && { echo "$$p"; exit; }; done; \
	echo python3)
VENV ?= .venv
#: tests at once; some of them wait for servers and leases. Neighbours stay together, so that what a file makes once is made once
JOBS ?= 3
OUT ?= out
ARGS ?=
CLIP ?=
#: PyTorch differs by machine, so it stands in no lock; whl/cpu has builds of a tenth of the size, whl/cu130 others
TORCH ?= torch==2.13.0
TORCH_INDEX ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
#: hashes are checked, dependencies are those of the lock and no others, and a package that would need gcc is an error
INSTALL := $(PIP) install -q --no-deps --only-binary :all: --require-hashes -r
#: one thread per process: the tests run in parallel as it is
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1

help: ## say what can be made
	@echo 'make TARGET   (PYTHON=$(PYTHON) VENV=$(VENV))'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.run ## start the bot (tokens in .env); CLIP=path is scored, or a drawn reel; ARGS='--style epic'
ifeq ($(strip $(CLIP)),)
	@mkdir -p "$(OUT)"
	@$(BIN)/reelscore run --draw "$(OUT)/reel.mp4" --force $(ARGS)
else
	@$(BIN)/reelscore run $(ARGS) -- '$(subst ','\'',$(value CLIP))'
endif

test: $(VENV)/.dev ## install what the tests need and run them
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(VENV)/.dev ## lint, format, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.dev ## put the sources into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## measure speed and music; minutes
	$(BIN)/python -m tests.bench $(ARGS)

chaos: $(VENV)/.dev ## kill, cut and flood the running bot, and count what is lost; minutes
	$(ONE_THREAD) $(BIN)/python -m tests.chaos $(ARGS)

models: $(VENV)/.models ## add PyTorch and the models' libraries; TORCH_INDEX=https://download.pytorch.org/whl/cpu

audiocraft: $(VENV)/.models ## add Meta's own program for MusicGen
	@$(PIP) install -q --no-deps --require-hashes -r requirements-audiocraft.lock

lock: ## pin anew what pyproject.toml asks for (needs uv)
	uv pip compile $(LOCK) pyproject.toml --extra dev -o requirements-dev.lock
	uv pip compile $(LOCK) pyproject.toml --extra synth --extra fluidsynth -c requirements-dev.lock -o requirements.lock
	printf '%s; sys_platform == "never"\n' '$(TORCH)' hf-xet | uv pip compile $(LOCK) pyproject.toml --extra models \
		--extra audiocraft -c requirements-dev.lock --override /dev/stdin -o requirements-models.lock
LOCK := -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --fork-strategy fewest \
	--custom-compile-command 'make lock'

clean: ## remove the environment, caches and the reel
	rm -rf $(VENV) $(OUT) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Reelscore needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo 'Python cannot make an environment. On Debian: apt install python3-venv'; exit 1; }

# The stamps say which lock the environment was filled from; the one for tests holds everything that the other one does.
$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing into $(VENV) (about a minute the first time) ...'
	@$(INSTALL) requirements.lock
	@$(PIP) install -q --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo 'Installing what tests and checks need into $(VENV) (a minute or two the first time) ...'
	@$(INSTALL) requirements-dev.lock
	@$(PIP) install -q --no-deps -e .
	@touch $@ $(VENV)/.run

$(VENV)/.models: requirements-models.lock pyproject.toml | $(BIN)/python
	@echo 'Installing PyTorch and what models need into $(VENV) (minutes the first time) ...'
	@$(PIP) install -q --only-binary :all: $(if $(TORCH_INDEX),--index-url '$(TORCH_INDEX)') '$(TORCH)'
	@$(INSTALL) requirements-models.lock
	@$(PIP) install -q --no-deps -e .
	@touch $@
