#!/usr/bin/env bash
# Packages the chart of a release: `dev/release/chart.sh DIGEST DIRECTORY`, with Helm in the PATH. DIGEST is that of the image, which the
# chart names by it, because a tag can be moved to another image.
set -euo pipefail

digest=$1 directory=$(realpath --canonicalize-missing "$2")
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
cp --recursive "$(dirname "${BASH_SOURCE[0]}")/../../deploy/helm/connect-operator" "$scratch"
chart=$scratch/connect-operator
echo "  connect-operator.dev/image-digest: $digest" >>"$chart/Chart.yaml"
helm template connect-operator "$chart" | grep --fixed-strings "@$digest"
helm package "$chart" --destination "$directory"
