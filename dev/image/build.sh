#!/usr/bin/env bash
# Builds the image without a daemon: `dev/image/build.sh amd64|arm64 ARCHIVE`, on a machine of that platform. Writes an OCI archive
# to ARCHIVE and prints its digest. Needs git, buildah and the requirements of dev/image/rootfs.sh.
#
# The same commit gives the same digest, wherever the checkout and Cargo's home are: SOURCE_DATE_EPOCH, by default the commit's time,
# replaces all times. rustc is pinned; the C compiler, the linker, musl and the certificates are the machine's, so the same digest needs
# the same versions of these. A release lists its versions (BUILDINFO).
set -euo pipefail

arch=$1 archive=$(realpath --canonicalize-missing "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
revision=$(git rev-parse HEAD)
version=$(cargo metadata --no-deps --format-version=1 --locked | python3 -c '
import json, sys
print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "connect-operator"))')

dev/image/rootfs.sh "$arch" "$scratch/build/rootfs"

# Uses its own storage, so that it leaves nothing behind; vfs and chroot need no kernel module and no user namespace.
buildah() {
    command buildah --root "$scratch/storage" --runroot "$scratch/run" --storage-driver vfs "$@"
}
labels=()
for label in \
    title=connect-operator \
    "description=A Kubernetes operator for the users of Amazon Connect" \
    licenses=Apache-2.0 \
    source=https://github.com/connect-operator/connect-operator \
    "version=$version" \
    "revision=$revision"; do
    labels+=(--label "org.opencontainers.image.$label")
done
mkdir "$scratch/empty"
buildah build --isolation chroot --format oci --platform "linux/$arch" --timestamp "$SOURCE_DATE_EPOCH" --identity-label=false \
    --build-context "build=$scratch/build" "${labels[@]}" --file Dockerfile --tag connect-operator --quiet "$scratch/empty" >/dev/null
rm -f "$archive"
buildah push --quiet --digestfile "$scratch/digest" connect-operator "oci-archive:$archive:$version"
cat "$scratch/digest" && echo
