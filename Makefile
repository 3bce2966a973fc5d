# What can be made. `make help` prints the lines that bear two hashes.
#
# Go and npm modules are fetched as needed. Debian packages are installed when make runs as root, or through sudo with DEPS=1;
# otherwise the missing ones are named and the target fails. Nothing is skipped.

# The program tells its version and commit. Where git does not answer (no git, no commit, somebody else's folder), Go must not
# ask it either: the build would fail.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
VCS      = $(if $(shell git rev-parse HEAD 2>/dev/null),true,false)

# Arguments of `make run` for fanfare serve, such as ARGS="--port 7001".
ARGS ?=

# What `make fuzz` spends on each target, as a Go duration.
FUZZTIME ?= 60s

# What `make soak` takes, as a Go duration.
SOAKTIME ?= 30m

# Which Go benchmarks `make gobench` runs, and how often.
BENCH ?= .
COUNT ?= 1

# The race detector is linked in C; sysctl reads what fanfare doctor writes. The end-to-end tests drive the others. NAME@COMMAND
# is there where the command is, whatever it came with.
RACE_PACKAGES := gcc libc6-dev procps@sysctl
E2E_PACKAGES  := git@git chromium nginx-light libnginx-mod-stream haproxy caddy php-cli php-laravel-framework mariadb-server postgresql@initdb prometheus openssl curl

# What the deployment pages name, and what their tests boot, look at and ask with.
DEPLOY_PACKAGES := systemd dbus util-linux iproute2 curl openssl

# How often `make kills` kills each, how often `make lineage` upgrades, and where `make vuln` learns what is known to be vulnerable.
KILLS    ?= 200
UPGRADES ?= 1000
VULNDB   ?= https://vuln.go.dev

# A kernel that runs as a process.
GUEST_PACKAGES := user-mode-linux

# What makes a link of a low rate.
SOAK_PACKAGES := iproute2@tc

E2E   := cmd/fanfare/e2e
TOOL  := go tool -modfile=.ci/tools/go.mod
LINT  := $(TOOL) golangci-lint

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help run build test check lint fmt fuzz bench million thousands soak upgrades dip gobench e2e deploy hostile floods kills lineage vuln conformance deps clean cross need-go need-node need-race

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build, and serve with the defaults (ARGS="--port 7001")
	bin/fanfare serve --banner $(ARGS)

build: need-go ## build bin/fanfare
	CGO_ENABLED=0 go build -trimpath -buildvcs=$(VCS) -ldflags '-X main.version=$(VERSION)' -o bin/fanfare ./cmd/fanfare

test: deps ## all of check, cross, conformance, e2e, deploy, hostile, thousands, dip
	@.ci/test.sh check cross conformance e2e deploy hostile thousands dip

check: need-go need-race lint ## format, vet, lint, go.mod, unit tests with -race, fuzz seeds
	go vet ./...
	go vet -tags e2e ./cmd/... ./deploy/... ./channels/apps/database/... ./engine/tlsconn/... ./protocol/pusher/conformance ./bench/million ./bench/soak ./bench/upgrades
	go mod tidy -diff
	go test -race -shuffle=on -p $$((2 * $$(getconf _NPROCESSORS_ONLN))) ./engine ./channels/... ./... # they wait more than they compute; the longest first
	go test -run Alloc $(sort $(dir $(shell grep -rlE 'func Test\w*Alloc' --include='*_test.go' .))) # what must not allocate: the race detector does

lint: need-go ## formatting and linters
	$(LINT) fmt --diff
	$(LINT) run --allow-parallel-runners ./...

fmt: need-go ## format the Go files
	$(LINT) fmt

fuzz: need-go ## every fuzz target for FUZZTIME each (60s)
	.ci/fuzz.sh $(FUZZTIME)

bench: need-go ## the server beside the C yardstick (ARGS="-scenario fanout")
	go run ./bench/run $(ARGS)

million: need-go ## a million connections on one process, an hour (ARGS="-help")
	@.ci/packages.sh $(GUEST_PACKAGES)
	go build -o bin/million-run ./bench/million
	@bin/million-run $(ARGS)

thousands: need-go ## the same with 2,000 connections, in the guest
	@.ci/packages.sh $(GUEST_PACKAGES)
	go test -tags e2e -count=1 ./bench/million

soak: need-go ## mixed load under faults for SOAKTIME (30m), into bench/results/ (ARGS="-help")
	@.ci/packages.sh $(SOAK_PACKAGES)
	go build -o bin/soak-run ./bench/soak
	@bin/soak-run -duration $(SOAKTIME) $(ARGS)

upgrades: need-go ## upgrades of a server with 10,000 connections, into bench/results/ (ARGS="-help")
	go build -o bin/upgrades-run ./bench/upgrades
	@bin/upgrades-run $(ARGS)

dip: need-go ## the last two for half a minute, with 200 connections
	@.ci/packages.sh $(SOAK_PACKAGES)
	go test -tags e2e -count=1 -run Soak -v ./bench/soak
	go test -tags e2e -count=1 -run Upgrades -v ./bench/upgrades

gobench: need-go ## Go benchmarks beside the code (BENCH=REGEXP, COUNT=10)
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

conformance: build need-node $(E2E)/node_modules/.package-lock.json ## the Pusher checklist, here or against URL=ws://HOST:PORT
	go run ./protocol/pusher/conformance

e2e: need-go need-node need-race $(E2E)/node_modules/.package-lock.json ## the real program with pusher-js, Echo, Laravel, Chromium, proxies, databases and an ACME authority
	@.ci/packages.sh $(E2E_PACKAGES)
	rm -rf bin/e2e && mkdir -p bin/e2e
	go test -tags e2e -race -count=1 -run 'Postgres|MariaDB' ./channels/apps/database
	go test -tags e2e -race -count=1 -run Pebble ./engine/tlsconn/certs
	go test -tags e2e -race -count=1 -parallel 8 -artifacts -outputdir '$(CURDIR)/bin/e2e' ./$(E2E)
	@echo "screenshots:" && find bin/e2e -name '*.png'

deploy: need-go ## what docs/ says of systemd, images, Kubernetes and proxies, done (as root)
	@.ci/packages.sh $(DEPLOY_PACKAGES)
	go test -tags e2e -count=1 ./deploy/...
	cd deploy/kubernetes && go vet . && go test -count=1 .

hostile: need-go need-race ## clients that mean harm, against the real program
	@.ci/packages.sh $(GUEST_PACKAGES)
	rm -rf bin/hostile && mkdir -p bin/hostile
	go test -tags e2e -count=1 -parallel 8 -artifacts -outputdir '$(CURDIR)/bin/hostile' ./cmd/fanfare/hostile ./cmd/fanfare/e2e/process
	@find bin/hostile -name '*.txt' -exec cat {} +

floods: need-go ## floods beside 5,000 good clients, whose latency has to hold: 5 minutes on an idle machine
	rm -rf bin/floods && mkdir -p bin/floods
	go test -tags e2e -count=1 -timeout 20m -run '^TestFloods$$' -v -artifacts -outputdir '$(CURDIR)/bin/floods' ./cmd/fanfare/hostile -floods
	@find bin/floods -name '*.txt' -exec cat {} +

kills: need-go ## kill -9 while apps are edited, webhooks queued, and upgrades under way, KILLS times each (200)
	go test -tags e2e -count=1 -timeout 1h -v -run '^TestKills' ./cmd/fanfare/hostile -kills $(KILLS)

lineage: need-go need-race ## one server with the race detector upgraded over and over, UPGRADES times (1000): half an hour
	rm -rf bin/lineage && mkdir -p bin/lineage
	go test -tags e2e -count=1 -timeout 2h -v -run '^TestThousandUpgrades$$' -artifacts -outputdir '$(CURDIR)/bin/lineage' ./cmd/fanfare/hostile -upgrades $(UPGRADES)

vuln: need-go ## known vulnerabilities in what is linked, where VULNDB (https://vuln.go.dev) can be reached
	@.ci/vuln.sh $(VULNDB)

cross: need-go ## compile and vet for arm64, macOS, and Windows (commands only)
	.ci/cross.sh

deps: need-go need-node $(E2E)/node_modules/.package-lock.json ## install what the tests need
	@.ci/packages.sh $(RACE_PACKAGES) $(E2E_PACKAGES) $(DEPLOY_PACKAGES) $(GUEST_PACKAGES) $(SOAK_PACKAGES)

clean: ## remove what was built and the npm modules
	rm -rf bin $(E2E)/node_modules

need-go:
	@.ci/toolchain.sh go

need-node:
	@.ci/toolchain.sh node

need-race:
	@.ci/packages.sh $(RACE_PACKAGES)

$(E2E)/node_modules/.package-lock.json: $(E2E)/package.json $(E2E)/package-lock.json | need-node
	npm ci --prefix $(E2E) --ignore-scripts --no-audit --no-fund
	@touch $@
