# Chores of one line each; the scripts are in demo/, stack/, fuzz/ and .ci/.
.DEFAULT_GOAL := help
.PHONY: help demo demo-docker test test-core doc simulate chaos fmt clippy bench bench-road bench-worker bench-mapping bench-page bench-search fuzz findings runtimes stack image deploy-test clean-stack
# How long each fuzz target runs.
SECONDS := 60

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

demo: ## run the whole pipeline on this machine with a real OpenSearch, and show the documents (KEEP=1: leave it running; PROFILE=release: the optimised build)
	@KEEP=$(KEEP) PROFILE=$(PROFILE) demo/run

demo-docker: ## run the same demo in containers; needs only Docker (KEEP=1: leave it running)
	@KEEP=$(KEEP) demo/run-docker

test: ## check formatting and lints, and run all tests, including those on real servers
	@stack/test

deploy-test: ## test what lies in deploy/ with the real tools that read it (ARGS=vega: only that)
	@deploy/test $(ARGS)

test-core: ## run the tests of the pure core alone; needs no server and no AWS crate
	cargo test --locked --package logferry-core

doc: ## build the documentation of the code, warnings denied
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --locked --workspace --no-deps --document-private-items

simulate: ## run the simulation over SEEDS=50000 seeds; takes a night
	SEEDS=$(or $(SEEDS),50000) cargo test --locked --test simulation

chaos: ## run the long form of the tests on failing servers (LOGFERRY_CHAOS_SEED=1: other faults)
	@stack/all install
	@LOGFERRY_CHAOS=long stack/all run cargo test --locked --test chaos -- --include-ignored --nocapture

fmt: ## format the code
	cargo fmt --all

clippy: ## check lints, warnings denied
	cargo clippy --locked --workspace --all-targets -- -D warnings

bench: ## measure each stage of the pipeline: MB/s and allocations per event
	cargo bench --locked --bench stages

bench-road: ## measure the whole pipeline in one process, against gunzip of the same bytes plus one write of the bodies
	cargo bench --locked --bench road -- $(ARGS)

bench-worker: ## measure the built worker on real servers (SCALE=0.02: short; ARGS="soak 30": memory over half an hour)
	@stack/all install
	cargo bench --locked --bench worker -- $(ARGS)

bench-page: ## measure the views of `serve` over a million lines on the real node: milliseconds and memory
	@stack/all install
	LOGFERRY_BENCH_PAGE=1 stack/all run cargo test --locked --test servers -- --ignored --nocapture views_of_a_million_lines

bench-search: ## measure `search` over five million lines of thirty days on the real node (loads them once; ARGS="--questions 100")
	@stack/all install
	cargo bench --locked --bench search -- $(ARGS)

bench-mapping: ## measure what documents cost OpenSearch with our template and with dynamic mapping (ARGS=id: other ids too)
	@stack/all install
	cargo bench --locked --bench worker -- mapping $(ARGS)

fuzz: ## run each fuzz target for SECONDS=60; needs a nightly compiler and cargo-fuzz
	@fuzz/run $(SECONDS)

findings: ## check that the behaviours of public packages recorded in findings/ are unchanged; needs the network
	@set -e; for script in findings/*-*.sh; do echo "== $$script"; "$$script"; done

runtimes: ## run real runtime clients and loggers, rewrite their events in fixtures/runtimes, fail if these changed (ARGS=node: that runtime)
	@nice -n 10 runtimes/run.py $(ARGS)

stack: ## install the test servers under target/stack
	@stack/all install

image: ## build the container image with buildah, and run it on real servers with podman and runc
	@deploy/tests/image.sh

clean-stack: ## stop and remove the test servers under target/stack
	@stack/all clean
