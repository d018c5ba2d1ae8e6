# Sésame's commands. Each one sets up what it needs by itself (scripts/setup), and a second run
# sets up nothing. Everything runs with the project's own tools first on PATH (scripts/with-tools).

.DEFAULT_GOAL := help
# First the set-up, then the rest, whatever -j says.
.NOTPARALLEL:
.PHONY: help build run dev test lint e2e image test-image coverage fuzz mutants long audit setup clean set-up-build set-up-test \
	set-up-coverage set-up-image set-up-mutants set-up-audit

WITH_TOOLS := scripts/with-tools
SKIP_SETUP ?=
COVERAGE ?=
ARGS ?=
export SKIP_SETUP COVERAGE

help: ## Shows this list
	@echo "Sésame: accounts whose secrets nobody chooses. Commands:"
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done
	@echo "SKIP_SETUP=1 goes on with what the machine has."

build: set-up-build target/release.built ## Builds the release: target/release/sesame and target/site

run: build ## Builds if need be and starts the server; prints its address (more options: ARGS="--listen …")
	@target/release/sesame serve $(ARGS)

dev: set-up-build ## Builds for debugging, starts, and rebuilds and reloads at every change
	@rm -f target/release.built
	$(WITH_TOOLS) cargo leptos watch -- serve $(ARGS)

test: $(if $(COVERAGE),set-up-coverage,set-up-test) ## Runs all tests and closes with a summary (COVERAGE=1: and holds their coverage to its least)
	@scripts/test

lint: set-up-build ## Checks the format and runs Clippy on both halves, warnings denied
	@scripts/lint

e2e: set-up-test ## Builds the release if need be and runs the browser tests alone
	@scripts/test build browser

image: build ## Makes the container image of the release: target/image/sesame.tar
	@scripts/image

test-image: set-up-image build ## Runs the image under podman and takes a person through the whole life
	@scripts/test-image

coverage: set-up-coverage ## Runs the cargo tests instrumented and prints their line coverage by crate
	@COVERAGE=1 scripts/test cargo coverage

fuzz: set-up-build ## Fuzzes every parser of foreign bytes (FUZZ_SECONDS=30 for each of the targets)
	@scripts/fuzz

mutants: set-up-mutants ## Changes the rules one expression at a time and lists what no test noticed
	@scripts/mutants

long: set-up-test ## Makes the proofs that take hours: attack, kills, times, model and others, at full size
	@scripts/long

audit: set-up-audit ## Holds what comes from elsewhere to deny.toml, and looks for known holes
	@scripts/audit

setup: set-up-coverage ## Sets up all that the other commands need, and nothing else

clean: ## Removes what was built; the tools that were set up stay
	rm -rf target end2end/test-results end2end/playwright-report

set-up-build set-up-test set-up-coverage set-up-image set-up-mutants set-up-audit: set-up-%:
	@$(if $(SKIP_SETUP),:,scripts/setup $*)

# cargo-leptos writes the site anew at every call, which takes a while; so it is only called when
# something is newer than what it made last, when somebody else wrote there since, or when a part
# is missing. (Folders count as sources because a file that is gone leaves no other trace.)
SOURCES := $(shell find domain app frontend server migrations public -name tests -prune -o -print 2>/dev/null)
BINARY := $(wildcard target/release/sesame)
SITE := $(wildcard target/site/pkg/*)

target/release.built: $(SOURCES) $(BINARY) $(SITE) Cargo.toml Cargo.lock $(wildcard Leptos.toml) \
		rust-toolchain.toml scripts/lib/tools.sh $(if $(and $(BINARY),$(SITE)),,always)
	$(WITH_TOOLS) cargo leptos build --release --precompress --cargo-locked
	@touch $@

.PHONY: always
always:
