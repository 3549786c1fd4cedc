# The few things one does here. All of it lives in .venv, made on first use.
.PHONY: help setup local analyze demo test check clean

# Taken as it is: a file name may hold spaces, quotes and dollars.
override export VIDEO := $(value VIDEO)

help:
	@echo "make analyze VIDEO=path   analyse a video; ARGS='--json' and the like are passed on"
	@echo "make demo                 render a scene with a known event and analyse it"
	@echo "make test                 run the tests; ARGS='tests/cli -k batch' runs some"
	@echo "make check                run linters, type checks, import rules and package checks"
	@echo "make setup                only make .venv ready"
	@echo "make local                add search and models in this process (about 2 GB)"

setup:
	@scripts/setup

local:
	@scripts/setup local

analyze:
	@if [ -z "$$VIDEO" ]; then echo "usage: make analyze VIDEO=path/to/video.mp4" >&2; exit 2; fi
	@scripts/setup
	@.venv/bin/vau-agent analyze $(ARGS) -- "$$VIDEO"

demo: setup
	@.venv/bin/vau-agent demo $(ARGS)

test:
	@scripts/setup dev
	@scripts/test $(ARGS)

check:
	@scripts/setup dev
	@scripts/check $(ARGS)

clean:
	rm -rf .venv dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
