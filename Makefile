# Everything on a fresh machine: `make demo` (the main job) and `make test`. Needs Python 3.11 and a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all test-browser fuzz lint format notebooks docs packages constraints models bench clean

help:
	@echo "make demo      render a sample video and do the whole job on it"
	@echo "make test      the test suite, by two processes (WORKERS=4: by four)"
	@echo "make test-all  also the slow suites: browsers, tutorials, memory, kills (under 45 minutes)"
	@echo "make test-browser  of these, what opens pages and JupyterLab in Chromium (PICTURES=folder keeps pictures)"
	@echo "make fuzz      2,000 damaged files through a whole run (under 15 minutes on 2 cores)"
	@echo "make lint      ruff, types, and which package may import which"
	@echo "make format    ruff, mending what it can"
	@echo "make docs      the documentation, with the tutorials run, in docs/_build/html (EXECUTE=off: not run)"
	@echo "make notebooks bring the notebooks and their paired scripts in line"
	@echo "make bench     how long an hour of 720p video takes (under 15 minutes on 2 idle cores; FER=python of a venv with fer)"
	@echo "make models    train the shipped attribute models anew (DATA=folder with the data files; hours)"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "facestats needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,docs]'
	@touch $@

install: $(STAMP)

demo: $(STAMP)
	$(BIN)/facestats demo

# A file's tests stay together, so that what a file prepares is prepared once.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest

test: $(STAMP)
	$(PYTEST) -n $(WORKERS) --dist loadfile

# The slow suites open pages in Chromium and a window on Xvfb, ask ffprobe, and let cron fire: all from the
# system's packages. They measure memory and wait for browsers, so they run alone, one after the other.
test-all: $(DOCS_STAMP) packages
	$(PYTEST) -n $(WORKERS) --dist loadfile --hypothesis-profile thorough
	$(PYTEST) -m slow

notebooks: $(STAMP)
	cd notebooks && ../$(BIN)/jupytext --sync *.ipynb tutorials/*.ipynb

# Any warning, a notebook that fails included, any dead link and anything loaded from elsewhere is an error.
EXECUTE ?= cache

docs: $(DOCS_STAMP)
	$(BIN)/python -m sphinx -W --keep-going -q -D nb_execution_mode=$(EXECUTE) docs docs/_build/html
	$(BIN)/python docs/check.py docs/_build/html

PICTURES ?=
test-browser: $(STAMP) packages
	EXPLORER_PICTURES=$(PICTURES) $(PYTEST) -m '' tests/integration/test_explorer.py tests/integration/test_pages.py

packages:
	@{ command -v chromium && command -v Xvfb && command -v ffprobe && command -v crontab; } >/dev/null 2>&1 || \
	  { command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium cron ffmpeg xvfb >/dev/null; } || \
	  echo "Chromium, Xvfb, ffprobe or cron is missing and could not be installed: the tests that need them will say so"

# Damaged files of many kinds through a whole run (FILES=200 for a few; SEED=7 for others).
FILES ?= 2000
SEED ?= 0

fuzz: $(STAMP) packages
	$(BIN)/python tests/inputs/fuzz.py --files $(FILES) --seed $(SEED)

# The table that benchmarks/README.md begins with.
FER ?=
SECONDS ?= 20

bench: $(STAMP)
	$(BIN)/python -m benchmarks.waiting --seconds $(SECONDS) $(if $(FER),--fer $(FER))

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What ships in models/expression and models/people (in $(OUT)/shipped), embedding and faceness, in the order in which one
# learns from the other (recipes/README.md). Detectors: facestats train detector.
# A training that was stopped goes on where it was; one that is done is not done again.
DATA ?= data
DLIB ?= dlib_face_recognition_resnet_model_v1.dat
OUT ?= my-models
FER := --data $(DATA)/fer2013.parquet
EXTRA := --data $(DATA)/faces_extra.parquet
MAKEUP := --data $(DATA)/makeup.parquet
STRANGE := --strange $(DATA)/detection_wild.parquet
FACES := --data $(DATA)/age_gender.parquet $(MAKEUP)
TRAIN = test -f $(OUT)/$(1)/card.json || $(BIN)/facestats train $(1) --out $(OUT)/$(1)
SHIP = test -f $(OUT)/shipped/$(2)/card.json || $(BIN)/facestats calibrate $(OUT)/$(1) --out $(OUT)/shipped/$(2)

models: $(STAMP)
	$(call TRAIN,teacher) $(FER) $(FACES) --start $(DLIB)
	$(call TRAIN,people-first) $(FACES) --teacher $(OUT)/teacher
	$(call TRAIN,people-second) $(FACES) --start $(OUT)/people-first --teacher $(OUT)/teacher --teacher $(OUT)/people-first
	$(call TRAIN,people-third) $(FACES) --further $(DATA)/celeba_attributes.parquet --start $(OUT)/people-second --teacher $(OUT)/people-second
	$(call TRAIN,people) $(FACES) --further $(DATA)/celeba_attributes.parquet --start $(OUT)/people-third --teacher $(OUT)/people-third
	$(call TRAIN,expression-teacher-1) $(FER) --start $(OUT)/teacher
	$(call TRAIN,expression-teacher) $(FER) --start $(OUT)/expression-teacher-1
	$(call TRAIN,expression-first) $(FER) --start $(OUT)/people-first --teacher $(OUT)/expression-teacher
	$(call TRAIN,expression-votes) $(FER) $(EXTRA) --start $(OUT)/expression-first
	$(call TRAIN,expression-more) $(FER) $(EXTRA) $(MAKEUP) --start $(OUT)/expression-votes --teacher $(OUT)/expression-votes
	$(call TRAIN,expression-last) $(FER) $(EXTRA) --start $(OUT)/expression-more
	$(call SHIP,expression-last,expression) $(FER) $(EXTRA) --unseen lfw --unseen ckplus --unseen jaffe $(STRANGE)
	$(BIN)/python -m facestats.training.ranges $(OUT)/shipped/expression $(DATA)/fer2013.parquet --judge $(DATA)/faces_extra.parquet
	$(call SHIP,people,people) $(FACES) $(EXTRA) --unseen lfw --unseen imfdb
	$(call TRAIN,embedding) $(EXTRA) $(FACES) --start $(OUT)/people-second --teacher $(DLIB)
	$(call TRAIN,faceness) --data $(DATA)/detection_wild.parquet

# Pin what the ranges of pyproject.toml resolve to; a `+cpu` suffix must never be frozen.
constraints: $(DOCS_STAMP)
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '^facestats' | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) dist build docs/_build docs/_generated
