# Mimawari. `make demo` and `make test` do all their set-up themselves on Debian and Ubuntu.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
export CGO_ENABLED := 0

.PHONY: build demo test check bench fuzz cross conform clean

build:
	@scripts/need-go.sh
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/mimawari ./cmd/mimawari

# Builds, makes a sample hospital with real packets, ledger and tables, patrols it, opens the page on loopback.
demo: build
	bin/mimawari demo --dir demo --serve

# Installs what the tests need, starts PostgreSQL on a private socket, runs everything.
test:
	@scripts/test.sh

# Format, vet, linters, vulnerabilities, tidy and generated files.
check:
	@scripts/check.sh

# Speed and memory beside nfpcapd and tshark; writes bench/out. Takes some minutes.
bench: build
	@bench/run.sh

# Every fuzz target for FUZZTIME (default 30s each).
fuzz:
	@scripts/fuzz.sh

# Agreement with nDPI's expected results, where the captures are at hand.
conform:
	go test -count=1 -v -run Conform ./internal/flow/... ./internal/proto/... ./internal/detect/...

cross:
	@scripts/cross.sh '$(LDFLAGS)'

clean:
	rm -rf bin dist demo bench/out
