#!/usr/bin/env bash
# Fails if the repository may not be released under a tag: `dev/release/version.sh v1.2.3`, in a clone with all tags. Prints the version.
set -euo pipefail

tag=$1 version=${1#v}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
has() {
    grep --quiet --line-regexp --extended-regexp "$2" "$1" || { echo "$1 has no line $2" >&2 && exit 1; }
}
has Cargo.toml "version = \"$version\""
has deploy/helm/connect-operator/Chart.yaml "appVersion: \"?$tag\"?"
has deploy/helm/connect-operator/Chart.yaml "version: \"?$version\"?"
dev/release/changelog.sh "$tag" >/dev/null
# The next version's definition is compared with this one.
cmp crds/connectusers.yaml "crds/released/$tag.yaml" >&2 ||
    { echo "cp crds/connectusers.yaml crds/released/$tag.yaml, and tag that" >&2 && exit 1; }
# Released files must not change.
for other in $(git tag --list 'v[0-9]*'); do
    if [[ $other != "$tag" ]] && git cat-file -e "$other:crds/released/$other.yaml"; then
        git show "$other:crds/released/$other.yaml" | cmp - "crds/released/$other.yaml" >&2
    fi
done
echo "$version"
