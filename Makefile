.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV   := .venv
NPM    := npm --no-audit --no-fund --loglevel=error
export CENTRIRPC_TOOLS := required

.PHONY: help
help: ## Say what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: test
test: setup check test-typescript test-python test-go ## Run every test in every language (sets up what it needs)

.PHONY: setup
setup: ## Install what the tests need into the checkout: .venv, node_modules (and Debian's chromium, redis-server and nginx, as root)
	@scripts/setup.sh

.PHONY: check
check: ## Formatting, vet and the strict checkers of every language
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'ed: run gofmt -w on"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	cd sdk/python && ../../$(VENV)/bin/python -m ruff check . && ../../$(VENV)/bin/python -m mypy --strict centrirpc
	cd sdk/typescript && $(NPM) run check

.PHONY: test-go
test-go: ## Go tests, race detector on: also the generators, the conformance runner, the demo in Chromium
	go test -race -timeout 20m ./...
	cd bench && go vet ./... && go test -count=1 -timeout 5m ./... # it reads pages that Go does not know it by
	cd e2e/realworld && go vet ./... && go test -timeout 5m ./...
	cd e2e/deploy && go vet ./... && go test -count=1 -timeout 10m ./... # its files are outside of its module: no caching
	cd e2e/monitoring && go vet ./... && go test -timeout 5m ./...

.PHONY: test-typescript
test-typescript: ## The TypeScript base client's tests, in Node
	cd sdk/typescript && $(NPM) test

.PHONY: test-python
test-python: ## The Python base client's tests
	cd sdk/python && ../../$(VENV)/bin/python -m pytest -q

.PHONY: generate
generate: ## Generate the committed clients and bundles anew
	go generate ./examples/tasks/api
	go run ./cmd/centrirpc generate ./conformance/api -o conformance/sdk
	cd examples/tasks/web && $(NPM) run build

.PHONY: fuzz
fuzz: ## Each fuzz target for 20 seconds
	@scripts/fuzz.sh 20s

.PHONY: soak
soak: setup ## 100,000 calls through nodes and networks that break at random, some minutes
	go test ./e2e/faults -run TestSoak -soak-calls 100000 -timeout 30m -v

.PHONY: bench
bench: ## Measure calls per second, memory, what remembering calls and several nodes cost, and generating
	cd bench && go run .

.PHONY: lint
lint: ## golangci-lint, where it is installed
	golangci-lint run ./...

.PHONY: run
run: ## Run the demo at http://127.0.0.1:8000
	go run ./examples/tasks
