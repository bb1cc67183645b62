# make demo: set up, train the example task, and translate a few lines.  make test: set up, and run the tests.
SHELL := /bin/bash
BIN := .venv/bin
UV = $$(deploy/find_uv.sh)

.PHONY: setup demo test test-engines test-image test-next lint format lock clean

setup:
	@deploy/setup.sh

demo: setup
	@deploy/demo.sh

# Two processes; which tests share one of them, and in what order they run, is in tests/conftest.py.
test: setup
	@deploy/test_packages.sh
	@$(BIN)/python -m pytest -n 2 --no-loadscope-reorder

# The pipeline's Beam jobs by a job server, in workers that have nothing of this checkout, some of which are killed.
test-engines: setup
	@SEQ2SEQ_TEST_ENGINES=1 $(BIN)/python -m pytest tests/pipeline/finished_run/test_engines.py

# Both need root, and install debootstrap: the image without Docker, and the second generation of TFX on Debian 13.
test-image:
	@deploy/test_image.sh

test-next: setup
	@deploy/test_next.sh

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# Resolve setup.py's requirements anew: for every x86-64 Linux since manylinux2014, and for those with glibc 2.39.
COMPILE = $(UV) pip compile setup.py --all-extras --generate-hashes --custom-compile-command "make lock"
lock:
	@$(COMPILE) --python-version 3.10 --python-platform x86_64-manylinux2014 --output-file deploy/locks/tfx-1.16.txt
	@$(COMPILE) --python-version 3.13 --python-platform x86_64-manylinux_2_39 --output-file deploy/locks/tfx-1.21.txt

clean:
	@rm -rf .venv .tools build dist ./*.egg-info
