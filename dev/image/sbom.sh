#!/usr/bin/env bash
# Lists the components of the program: `dev/image/sbom.sh TARGET FILE`. Writes a CycloneDX list (JSON) of the crates of the program for
# this target to FILE, each with version, checksum and licence.
set -euo pipefail

target=$1 file=$(realpath --canonicalize-missing "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=0.5.9
tool=${CONNECT_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/connect-operator}/tools/cargo-cyclonedx-$version

[[ -x $tool/bin/cargo-cyclonedx ]] || cargo install --locked cargo-cyclonedx --version "$version" --root "$tool"
# The tool writes next to the manifest of each package of the workspace.
name=connect-operator-sbom-$$
trap 'find . -name "$name.json" -not -path "./target/*" -delete' EXIT
"$tool/bin/cargo-cyclonedx" cyclonedx --format json --target "$target" --override-filename "$name" --quiet
# Without the path of the checkout.
sed "s|file://$PWD|file:///connect-operator|g" "$name.json" >"$file"
