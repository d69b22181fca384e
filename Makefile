# Every command of the project. A step that has been done costs nothing the second time.
#
#   make run    build for release and serve http://127.0.0.1:3000, data in ./data
#   make demo   the same beside a local stand-in for all providers: no key needed
#   make dev    rebuild and restart on every change
#   make test   every test: Rust, PostgreSQL, browser, official SDKs
#   make bench  what the release build costs, beside a bare relay (BENCH=name for one row, QUICK=1 for a short run)
#   make bench-web  what the pages cost the browser (BENCH=name for one row, QUICK=1 for a short run)
#   make test-long  the random sequences of the engine, 10 000 of them: docs/testing.md
#   make fuzz   every fuzz target for FUZZ_SECONDS (60) each: docs/testing.md
#   make catalog  renew the price snapshot from models.dev (SOURCE=URL or file)
#   make lint   formatting and clippy for both targets
#   make clean  remove what was built (installed tools and ./data stay)

# What is needed beside rustup, Node and a C compiler. Each pin has this one place.
CARGO_LEPTOS := 0.3.10
WASM_BINDGEN := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)

TARGET := $(or $(CARGO_TARGET_DIR),target)
KEYLM  := $(TARGET)/release/keylm
NODE   := end2end/node_modules/.package-lock.json
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/end2end/node_modules/.bin:$(PATH)
# For the scripts of end2end and for the tests that start the binary.
export KEYLM_BINARY := $(abspath $(KEYLM))

INPUTS := $(shell find $(wildcard src style public migrations) -type f) docs/configuration.md Cargo.toml Cargo.lock rust-toolchain.toml

.PHONY: help run demo dev test test-rust test-sdk test-browser test-long bench bench-web fuzz catalog lint build clean wasm cargo-leptos wasm-bindgen chromium postgresql
.NOTPARALLEL:

help:
	@sed -n 's/^#   //p' Makefile

run: build
	@exec $(KEYLM) serve

demo: build
	@exec end2end/tools/demo

dev: wasm cargo-leptos wasm-bindgen
	@# Watch mode renames files once and never again, so it must not hash them.
	LEPTOS_HASH_FILES=false cargo leptos watch

test: test-rust test-sdk test-browser

test-rust: postgresql
	@echo "==> Rust tests (the first build takes about 6 minutes)"
	cargo test --features ssr

test-sdk: build $(NODE)
	@echo "==> The providers' official SDKs against the simulator, the server between them, and the tools"
	cd end2end && node --test --test-reporter=spec sdk/*.test.mjs upstream/*.test.mjs tools/*.test.mjs

test-browser: build $(NODE) chromium
	@echo "==> Browser tests"
	cd end2end && node --test --test-reporter=spec browser/*.test.mjs

# Two descriptors a stream, and a thousand streams.
bench: build
	@echo "==> Building the bench (the first time takes a few minutes), then measuring for about 3 minutes"
	@ulimit -n 8192 && cargo run --quiet --release --features ssr --example bench -- --server $(KEYLM_BINARY) \
		--json $(TARGET)/bench.json $(if $(QUICK),--quick) $(BENCH)

bench-web: build $(NODE) chromium
	@echo "==> Measuring the pages in Chromium, for about 8 minutes"
	@node end2end/bench/main.mjs --json $(TARGET)/bench-web.json $(if $(QUICK),--quick) $(BENCH)

test-long:
	@echo "==> $(or $(KEYLM_SEQUENCES),10000) random sequences of the engine"
	KEYLM_SEQUENCES=$(or $(KEYLM_SEQUENCES),10000) cargo test --features ssr --test it -- --nocapture engine::machine

FUZZ_SECONDS ?= 60
fuzz:
	@echo "==> Fuzz targets, $(FUZZ_SECONDS) s each, two at a time"
	BOLERO_RANDOM_ITERATIONS=1000000000000 BOLERO_RANDOM_TEST_TIME_MS=$(FUZZ_SECONDS)000 \
		cargo test --features ssr --test fuzz -- --nocapture --test-threads 2

# Read the differences that it prints before they are committed.
catalog:
	@node end2end/tools/catalog.mjs $(SOURCE)

lint: wasm
	cargo fmt --check
	@echo "==> clippy for the server, then for the browser (the first run takes about 4 minutes)"
	cargo clippy --features ssr --all-targets -- -D warnings
	cargo clippy --lib --target wasm32-unknown-unknown --features hydrate -- -D warnings

clean:
	cargo clean
	rm -rf target/site end2end/node_modules end2end/test-results

# The site goes into the binary, so both are one step. `touch`: cargo leaves an unchanged binary alone.
build: $(KEYLM)
$(KEYLM): $(INPUTS) | $(NODE) wasm cargo-leptos wasm-bindgen
	@echo "==> Building site and server for release (the first time takes about 12 minutes)"
	cargo leptos build --release --precompress
	@touch $@

$(NODE): end2end/package.json end2end/package-lock.json
	@echo "==> Installing wasm-opt and the test tools from npm (under a minute)"
	npm ci --prefix end2end
	@touch $@

wasm:
	@rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown

cargo-leptos:
	@end2end/tools/cargo-tool cargo-leptos $(CARGO_LEPTOS)

wasm-bindgen:
	@end2end/tools/cargo-tool wasm-bindgen $(WASM_BINDGEN)

chromium:
	@test -x "$${CHROMIUM:-/usr/bin/chromium}" || end2end/tools/system-package chromium

postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || end2end/tools/system-package postgresql
