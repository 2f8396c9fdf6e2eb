#!/usr/bin/env bash
# Runs cargo-deny in the present directory, and installs it in the cache first: `dev/cargo-deny.sh ARGUMENT…`.
set -euo pipefail

version=0.20.2
tool=${CONNECT_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/connect-operator}/tools/cargo-deny-$version
[[ -x $tool/bin/cargo-deny ]] || cargo install --locked cargo-deny --version "$version" --root "$tool" >&2
exec "$tool/bin/cargo-deny" "$@"
