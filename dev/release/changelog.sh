#!/usr/bin/env bash
# Prints what CHANGELOG.md says about a release, without the heading: `dev/release/changelog.sh v1.2.3`. Fails if it has no section.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
section=$(awk -v start="## [${1#v}] - " '/^## / { inside = index($0, start) == 1; next } inside' CHANGELOG.md)
[[ $section == *"- "* ]] || { echo "CHANGELOG.md has no section \"## [${1#v}] - DATE\"" >&2 && exit 1; }
printf '%s\n' "$section"
