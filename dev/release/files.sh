#!/usr/bin/env bash
# Completes the files of a release: `dev/release/files.sh v1.2.3 DIGEST DIRECTORY`. DIGEST is that of the image. DIRECTORY has the files
# that dev/release/platform.sh made for each platform; the manifests and SHA256SUMS are added.
set -euo pipefail

tag=$1 digest=$2 directory=$(realpath "$3")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cp crds/connectusers.yaml "$directory"
sed "s|:$tag\"|:$tag@$digest\"|" deploy/install.yaml >"$directory/install.yaml"
grep --fixed-strings ":$tag@$digest" "$directory/install.yaml"

# krew's manifest names the archives that there are.
manifest=$directory/krew-plugin.yaml
sed "/^#/d; s|VERSION|$tag|" deploy/krew/connect-users.yaml >"$manifest"
for archive in "$directory/connect-operator-$tag-linux-"*.tar.gz; do
    name=$(basename "$archive") arch=${archive##*-linux-}
    cat >>"$manifest" <<END
    - selector:
        matchLabels:
          os: linux
          arch: ${arch%.tar.gz}
      uri: https://github.com/connect-operator/connect-operator/releases/download/$tag/$name
      sha256: $(sha256sum "$archive" | cut --delimiter=' ' --fields=1)
      bin: connect-operator
END
done

cd "$directory"
sha256sum -- * >SHA256SUMS
