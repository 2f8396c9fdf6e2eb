#!/usr/bin/env bash
# Inspects an image: `dev/image/look.sh amd64|arm64 ARCHIVE [DIRECTORY]`, as root on a machine of that platform. Fails unless the image
# has the expected content and its program runs. Leaves the image's files in DIRECTORY.
set -euo pipefail

arch=$1 archive=$(realpath "$2") directory=${3:+$(realpath --canonicalize-missing "$3")}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
rootfs=${directory:-$scratch/rootfs}
build=${CARGO_BUILD_BUILD_DIR:-$PWD/target/image-build}

is() {
    [[ $2 == "$3" ]] || { printf '%s is %s, and should be %s\n' "$1" "$2" "$3" >&2 && exit 1; }
}

mkdir --parents "$scratch/layout" "$rootfs"
tar --extract --file "$archive" --directory "$scratch/layout"
blob() {
    cat "$scratch/layout/blobs/${1/://}"
}
field() {
    python3 -c 'import json, sys; print(eval(sys.argv[1], {"image": json.load(sys.stdin)}))' "$1"
}
manifest=$(field 'image["manifests"][0]["digest"]' <"$scratch/layout/index.json")
config=$(blob "$manifest" | field 'image["config"]["digest"]')
is "the number of layers" "$(blob "$manifest" | field 'len(image["layers"])')" 1
is "the user" "$(blob "$config" | field 'image["config"]["User"]')" 65532:65532
is "the entrypoint" "$(blob "$config" | field 'image["config"]["Entrypoint"]')" "['/usr/bin/connect-operator']"
is "the environment" "$(blob "$config" | field '" ".join(e for e in image["config"]["Env"] if not e.startswith("PATH="))')" \
    "MIMALLOC_GENERIC_COLLECT=1000 MIMALLOC_PURGE_DELAY=0"
is "the platform" "$(blob "$config" | field 'image["os"] + "/" + image["architecture"]')" "linux/$arch"

blob "$(blob "$manifest" | field 'image["layers"][0]["digest"]')" | tar --extract --gzip --directory "$rootfs"
files=$(cd "$rootfs" && find . -type f | sort | tr '\n' ' ')
is "the list of files" "$files" \
    "./etc/ssl/certs/ca-certificates.crt ./usr/bin/connect-operator ./usr/share/doc/connect-operator/LICENSE\
 ./usr/share/doc/connect-operator/THIRD-PARTY-NOTICES "
trusted=$(grep --count "BEGIN CERTIFICATE" "$rootfs/etc/ssl/certs/ca-certificates.crt")
is "the number of certificates" "$trusted" "$(find /usr/share/ca-certificates/mozilla -name '*.crt' | wc --lines)"
program=$rootfs/usr/bin/connect-operator
if readelf --program-headers "$program" | grep INTERP >&2; then
    echo "the program is linked dynamically, and there is nothing to link it to" >&2 && exit 1
fi
paths=$(grep --text --only-matching --extended-regexp "($HOME|$PWD|$build)/[a-zA-Z0-9./_-]*" "$program" | sort --unique | head || true)
is "what the program holds of this machine's paths" "$paths" ""

inside() {
    chroot --userspec=65532:65532 "$rootfs" /usr/bin/connect-operator "$@"
}
version=$(inside --version)
# The https endpoint makes the program read the certificates; it then ends because there is no cluster.
output=$(inside run --otlp-endpoint=https://localhost:1 --metrics-address=127.0.0.1:0 --health-address=127.0.0.1:0 2>&1 || true)
grep --quiet "found neither a kubeconfig nor a service account" <<<"$output" || { echo "$output" >&2 && exit 1; }
printf '%s\n%s %s\nprogram: %d bytes\nimage: %d bytes compressed, %d unpacked\n' "$version" "$arch" "$manifest" \
    "$(stat --format %s "$program")" \
    "$(blob "$manifest" | field 'sum(layer["size"] for layer in image["layers"]) + image["config"]["size"]')" \
    "$(du --bytes --summarize "$rootfs" | cut -f1)"
