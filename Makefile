# Chores, one line each; what they do lies in demo/, stack/ and .ci/.
.DEFAULT_GOAL := help
.PHONY: help demo demo-docker test simulate chaos fmt clippy bench bench-road bench-worker bench-mapping fuzz stack image clean-stack
# Of each fuzz target.
SECONDS := 60

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

demo: ## the whole road on this machine, with a real OpenSearch, and what comes out (KEEP=1: leave it running)
	@KEEP=$(KEEP) demo/run

demo-docker: ## the same with a Docker engine and nothing else (KEEP=1: leave it running)
	@KEEP=$(KEEP) demo/run-docker

test: ## everything: formatting, lints, all tests, those on real servers too
	@stack/test

simulate: ## the simulation over SEEDS=50000 seeds: for a night
	SEEDS=$(or $(SEEDS),50000) cargo test --locked --test simulation

chaos: ## the long form of the tests on real servers that fail (LOGFERRY_CHAOS_SEED=1: other faults)
	@stack/all install
	@LOGFERRY_CHAOS=long stack/all run cargo test --locked --test chaos -- --include-ignored --nocapture

fmt: ## format the code
	cargo fmt

clippy: ## lints, warnings denied
	cargo clippy --locked --all-targets -- -D warnings

bench: ## what each stage of the road costs, in MB/s and allocations per event
	cargo bench --locked --bench stages

bench-road: ## the whole road in one process, against its floor: gunzip of the same bytes and one writing of the bodies
	cargo bench --locked --bench road -- $(ARGS)

bench-worker: ## what the built worker costs, on real servers (SCALE=0.02: in short; ARGS="soak 30": memory over half an hour)
	@stack/all install
	cargo bench --locked --bench worker -- $(ARGS)

bench-mapping: ## what documents cost OpenSearch with our template and with dynamic mapping (ARGS=id: with other ids too)
	@stack/all install
	cargo bench --locked --bench worker -- mapping $(ARGS)

fuzz: ## feed every fuzz target for SECONDS=60 (needs a nightly compiler and cargo-fuzz)
	@fuzz/run $(SECONDS)

stack: ## install the tests' servers under target/stack
	@stack/all install

image: ## build and start the container's runtime stage, by buildah
	@stack/image

clean-stack: ## stop and remove the servers under target/stack
	@stack/all clean
