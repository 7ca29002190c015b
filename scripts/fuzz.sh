#!/usr/bin/env bash
# Runs every fuzz target of the repository for the given time, one after another.
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:-20s}
grep -rl --include='*_test.go' '^func Fuzz' . --exclude-dir=node_modules | sort | while read -r file; do
  package=./$(dirname "${file#./}")
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "== $package $target"
    go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$duration"
  done
done
