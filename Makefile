# Every target sets up what it needs first, and says what it gets; a second time that takes a second.

.DEFAULT_GOAL := help
.PHONY: help setup demo stack test faults load bench bench-matrix check page image clean

export PATH := $(CURDIR)/.tools/bin:$(PATH)

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 — /p' $(MAKEFILE_LIST)

setup: ## get and build all that demo and tests need
	@scripts/bootstrap python livekit page speech sdk

demo: setup ## a real meeting, from !visio to the transcript in the room (MEETING=DIR REPORT=FILE.json; CHAOS=1 kills processes in it; PLAIN=1 without encryption)
	@.venv/bin/python -m tests.stack.demo $(if $(MEETING),--meeting "$(MEETING)") $(if $(REPORT),--report "$(REPORT)") $(if $(CHAOS),--chaos) $(if $(PLAIN),--plain)

stack: setup ## the real servers and Greffier, left running until Ctrl-C, described in .stack.json
	@.venv/bin/python -m tests.stack

test: setup ## every test, in groups, two at a time: unit, integration against the real servers, acceptance (ARGS="tests/unit -k name": those, in one)
	@scripts/bootstrap chromium postgresql s3 diarization bench
	@.venv/bin/python -m $(if $(ARGS),pytest $(ARGS),tests.side_by_side)

faults: setup ## kill every process at every step of a meeting; the table goes into docs/reliability.md (ARGS="--only recorder")
	@.venv/bin/python -m tests.faults $(ARGS)

load: setup ## how much this machine bears (ARGS="--quick", "events sound meetings", "--write" into docs/reliability.md)
	@scripts/bootstrap postgresql
	@.venv/bin/python -m tests.load $(ARGS)

bench-matrix: setup ## the Matrix side beside mautrix-python (ARGS="--quick", "transactions answers sharing memory", "--write" into docs/benchmarks-matrix.md)
	@.venv/bin/python -m tests.load.matrix $(ARGS)

bench: setup ## words and minutes beside whole-file transcription: docs/benchmarks.md and its plots (ARGS="--quick", "--write")
	@scripts/bootstrap diarization bench
	@.venv/bin/python -m tests.evaluation.bench $(ARGS)

check: ## format, lint, types, import direction, links, the join page, the scripts
	@scripts/bootstrap python page
	@scripts/check

page: ## build the join page into bridge/web/dist
	@scripts/bootstrap page

image: ## build the container image and start it once
	@scripts/image

clean: ## remove everything that was got or built
	rm -rf .venv .tools .cache .stack bridge/web/dist bridge/web/page/node_modules tests/stack/sdk_person/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
