# shellcheck shell=bash
# Which tools Sésame is built with, and where they live. Sourced, never run: scripts/setup
# installs what this file names, scripts/with-tools puts it on PATH.

# Versions are written down once: here, in rust-toolchain.toml, in Cargo.lock and in
# end2end/package.json.
CARGO_LEPTOS_VERSION=0.3.11
CARGO_LLVM_COV_VERSION=0.9.1
CARGO_MUTANTS_VERSION=27.1.0
CARGO_DENY_VERSION=0.20.2
# Only for machines whose own Node.js is missing or older than NODE_AT_LEAST, which is what
# @axe-core/playwright asks for (Playwright itself: 20).
NODE_VERSION=24.19.0
NODE_AT_LEAST=22.12

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=${SESAME_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/sesame-tools}

WASM_TARGET=wasm32-unknown-unknown
DEBIAN_RUST=$TOOLS/debian-rust
NODE_DIR=$TOOLS/node-$NODE_VERSION
CARGO_LEPTOS_DIR=$TOOLS/cargo-leptos-$CARGO_LEPTOS_VERSION
CARGO_LLVM_COV_DIR=$TOOLS/cargo-llvm-cov-$CARGO_LLVM_COV_VERSION
CARGO_MUTANTS_DIR=$TOOLS/cargo-mutants-$CARGO_MUTANTS_VERSION
CARGO_DENY_DIR=$TOOLS/cargo-deny-$CARGO_DENY_VERSION
END2END=$ROOT/end2end

# The compiler that rust-toolchain.toml asks for.
rust_version() {
    sed -n 's/^channel *= *"\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml"
}

# wasm-bindgen's command line and its library must be of the very same version.
wasm_bindgen_version() {
    sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"/\1/p;q}' "$ROOT/Cargo.lock"
}

wasm_bindgen_dir() {
    echo "$TOOLS/wasm-bindgen-cli-$(wasm_bindgen_version)"
}

# rustup's folder for our compiler, if it is complete: cargo, clippy, rustfmt and the wasm32
# library. Looks at files only, because it runs before every command.
rustup_toolchain() {
    local dir
    for dir in "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/$(rust_version)"-*; do
        if [[ -x $dir/bin/cargo && -x $dir/bin/cargo-clippy && -x $dir/bin/rustfmt &&
            -d $dir/lib/rustlib/$WASM_TARGET/lib ]]; then
            echo "$dir"
            return
        fi
    done
    return 1
}

# The folder of cargo and rustc: rustup's where it is complete, else Debian's. SESAME_RUST=rustup
# or =debian settles it by hand. Nothing is printed while neither is there.
rust_bin() {
    local dir
    if [[ ${SESAME_RUST:-rustup} == rustup ]] && dir=$(rustup_toolchain); then
        echo "$dir/bin"
    elif [[ ${SESAME_RUST:-debian} == debian && -x $DEBIAN_RUST/bin/cargo ]]; then
        echo "$DEBIAN_RUST/bin"
    fi
}

# True if this machine's own Node.js and npm will do.
own_node_will_do() {
    local version
    command -v npm >/dev/null || return 1
    version=$(node --version 2>/dev/null) || return 1
    at_least "${version#v}" "$NODE_AT_LEAST"
}

# at_least 22.14.0 22.12: true if the first version is the second or newer.
at_least() {
    [[ $(printf '%s\n' "$2" "$1" | sort --version-sort | head -n 1) == "$2" ]]
}

# Puts the project's tools first on PATH, those that are there.
use_tools() {
    local dir
    local -a first=()
    for dir in "$(rust_bin)" "$CARGO_LEPTOS_DIR/bin" "$(wasm_bindgen_dir)/bin" \
        "$CARGO_LLVM_COV_DIR/bin" "$CARGO_MUTANTS_DIR/bin" "$CARGO_DENY_DIR/bin" "$END2END/node_modules/.bin" "$NODE_DIR/bin"; do
        if [[ -n $dir && -d $dir ]]; then first+=("$dir"); fi
    done
    # cargo looks for its subcommands in its own home before PATH, unless PATH has that folder
    # too; rustup's stand-ins live there and would answer for another compiler.
    PATH=$(IFS=:; echo "${first[*]}"):$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    # A machine's own servers come before those that scripts/setup unpacked.
    PATH=$PATH:/usr/sbin:$TOOLS/prometheus/usr/bin:$TOOLS/nginx/usr/sbin
    export PATH
    # Those stand-ins set this for whatever they start.
    unset RUSTUP_TOOLCHAIN
}
