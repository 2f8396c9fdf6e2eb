#!/usr/bin/env bash
# Builds the image for this machine's platform twice and inspects it: `dev/image/check.sh`, as root. Fails unless both builds have the
# same digest and the image passes dev/image/look.sh.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
arch=$(uname --machine | sed 's/x86_64/amd64/; s/aarch64/arm64/')
# Both builds share the compiled dependencies; the workspace's own crates are compiled again, because the files of a new clone are
# newer.
export CARGO_BUILD_BUILD_DIR=${CARGO_BUILD_BUILD_DIR:-$PWD/target/image-build}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

is() {
    [[ $2 == "$3" ]] || { printf '%s is %s, and should be %s\n' "$1" "$2" "$3" >&2 && exit 1; }
}

digest=$(dev/image/build.sh "$arch" "$scratch/image.tar" | tail -1)
# From a checkout in another directory, because paths must not matter.
git clone --quiet --local --no-hardlinks . "$scratch/elsewhere/checkout"
is "the digest of the second build" "$("$scratch/elsewhere/checkout/dev/image/build.sh" "$arch" "$scratch/again.tar" | tail -1)" "$digest"
dev/image/look.sh "$arch" "$scratch/image.tar"
