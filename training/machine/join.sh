#!/usr/bin/env bash
# Puts the parts of a run that run.sh collected together again: join.sh FOLDER_OF_PARTS RUN. The run is then as `train` leaves one that
# has finished, and `export` takes it.
set -euo pipefail

[ $# = 2 ] || { echo "usage: join.sh FOLDER_OF_PARTS RUN" >&2; exit 2; }
parts=$1 run=$2
fail() { echo "join.sh: $*" >&2; exit 1; }
[ -f "$parts/run.sha256" ] || fail "there is no run.sha256 in $parts: are these parts of a run?"

echo "checking the parts in $parts" >&2
(cd "$parts" && sha256sum --check --quiet run.sha256) || fail "a part is missing or damaged: fetch it again"

mkdir -p "$run"
fresh=$(mktemp -d "$run/.join.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
cut -c67- "$parts/run.sha256" | (cd "$parts" && xargs cat) | tar -C "$fresh" -xzf -
if [ -f "$run/preset.toml" ] && ! cmp -s "$run/preset.toml" "$fresh/preset.toml"; then
    fail "$run holds a run of another preset: choose another folder"
fi
echo "writing $run" >&2
cp -r "$fresh"/. "$run"
(cd "$fresh" && find . -type f -printf '%P\n' | sort) >&2
