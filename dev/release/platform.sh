#!/usr/bin/env bash
# Makes what a release has for one platform: `dev/release/platform.sh v1.2.3 amd64|arm64 DIRECTORY [ARCHIVE]`, as root on a machine of
# that platform. Builds the image, or takes the ARCHIVE that dev/image/build.sh wrote, and inspects it. The image goes to
# DIRECTORY/images, with its digest; the program's archive and the lists of its components go to DIRECTORY/files.
set -euo pipefail

tag=$1 arch=$2 directory=$(realpath --canonicalize-missing "$3") given=${4:+$(realpath "$4")}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
case $arch in
amd64) target=x86_64-unknown-linux-musl ;;
arm64) target=aarch64-unknown-linux-musl ;;
*) echo "there is no release for $arch" >&2 && exit 2 ;;
esac
image=$directory/images/image-$arch.tar files=$directory/files
mkdir --parents "$directory/images" "$files"

if [[ -n $given ]]; then
    cp "$given" "$image"
else
    dev/image/build.sh "$arch" "$image" >/dev/null
fi
dev/image/look.sh "$arch" "$image" "$scratch/rootfs"
tar --extract --to-stdout --file "$image" index.json | grep --only-matching 'sha256:[0-9a-f]*' >"$directory/images/digest-$arch"

documents=$scratch/rootfs/usr/share/doc/connect-operator
"$scratch/rootfs/usr/bin/connect-operator" man "$scratch/pages/man1"
tar --create --gzip --file "$files/connect-operator-$tag-linux-$arch.tar.gz" --mtime="@$(git log -1 --format=%ct)" \
    --owner=0 --group=0 --numeric-owner --sort=name \
    --directory "$scratch/rootfs/usr/bin" connect-operator --directory "$documents" LICENSE THIRD-PARTY-NOTICES \
    --directory "$scratch/pages" man1
cp "$documents/THIRD-PARTY-NOTICES" "$files/THIRD-PARTY-NOTICES-$arch.txt"
dev/image/sbom.sh "$target" "$files/connect-operator-$arch.cdx.json"
# These versions and the commit determine the image.
{ rustc --version && dpkg-query --show binutils ca-certificates buildah gcc musl-dev musl-tools; } >"$files/BUILDINFO-$arch.txt"
