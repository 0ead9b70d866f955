# Everything that a fresh machine with Python 3.11 or later needs to run and to test Sluice.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Some machines point pip at a cache or a home that can't be written.
PIP := PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip --disable-pip-version-check install --quiet

PEERS := benchmarks/peers/node
CLIENTS := tests/clients/node

.PHONY: demo test unit check bench chaos browser pooler redis clean

demo: $(VENV)/demo
	@exec $(BIN)/gateway demo --port $(PORT)

test: $(VENV)/dev browser pooler redis $(CLIENTS)/node_modules
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile

# What needs no server, no browser and no other process: within seconds.
unit: $(VENV)/dev
	$(BIN)/python -m pytest --quiet --numprocesses 2 -m unit

check: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/gateway schema check schema.graphql

# Each source fails in every way, under load: MINUTES=3 for a look at it.
MINUTES ?= 30
chaos: $(VENV)/dev
	@$(BIN)/python -m tests.chaos --minutes $(MINUTES)

# The gateway beside its peers; with BASE=<commit>, beside that commit of itself instead. BENCH takes
# options: BENCH=--quick, BENCH=--help.
bench: $(VENV)/dev $(if $(BASE),,$(PEERS)/node_modules)
	@$(BIN)/python -m benchmarks$(if $(BASE),.commits '$(BASE)') $(BENCH)

# Without the peers in Node the others are measured, and the results say so.
$(PEERS)/node_modules: $(PEERS)/package.json $(PEERS)/package-lock.json
	@if command -v npm > /dev/null && npm ci --prefix $(PEERS) --no-audit --no-fund; \
		then touch $@; else echo "The peers in Node can't be installed." >&2; fi

# The clients in Node.js that the tests ask the gateway with.
$(CLIENTS)/node_modules: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	@if command -v npm > /dev/null; \
		then npm ci --prefix $(CLIENTS) --no-audit --no-fund --loglevel error && touch $@; \
		else echo "NOT TESTED: clients in JavaScript (tests/clients). There is no Node.js here." >&2; fi

# Removes what the demo and the tests made, and the environment.
clean:
	rm -rf $(VENV) .demo $(PEERS)/node_modules $(CLIENTS)/node_modules

$(VENV)/demo: pyproject.toml constraints.txt | $(VENV)/made
	@echo "Installing Sluice and its demo into $(VENV)"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(VENV)/made
	@echo "Installing Sluice and what tests it into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/demo

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sluice needs Python 3.11 or later; PYTHON=… says where it is." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# What the tests need that is no Python package: they drive GraphiQL in Chromium, share quotas in
# Redis, and ask PostgreSQL through PgBouncer, which Debian has where only administrators look.
browser:
	$(call in_the_system,chromium,Chromium)

pooler:
	$(call in_the_system,pgbouncer,PgBouncer)

redis:
	$(call in_the_system,redis-server,Redis)

define in_the_system
	@PATH="$$PATH:/usr/sbin"; command -v $(1) > /dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
			apt-get update -qq && apt-get install -y -qq $(1) > /dev/null; } || \
		{ echo "The tests need $(2): install your system's package '$(1)'." >&2; exit 1; }
endef
