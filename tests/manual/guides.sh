#!/usr/bin/env bash
# The commands of docs/guides run as they stand, in a folder with the files that they name; files that documents link to are there.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_sample.sh"

make_sample sample
start_server sample
for guide in "$SCREE_SOURCE_DIR"/docs/guides/*.md; do
    name=$(basename "$guide" .md)
    sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$guide" > "$name.sh"
    [ "$(grep -c '^scree ' "$name.sh")" -ge 8 ] || fail "$name: hardly a command"
    cp -r sample "$name"
    [ "$name" != survey ] || rm "$name/city.copc.laz"
    run_commands "$name" "$name.sh" "$name"
done
# What they promise.
"$SCREE" query enrich/back.laz -o back.las -q
"$SCREE" query enrich/tile.laz -o tile.las -q
tail -c 300000 back.las > back
tail -c 300000 tile.las > tile
cmp -s back tile || fail "--strip does not give the records back"
cmp -s survey/part.laz survey/overview.laz && fail "a part is the overview"
[ "$(points_of survey/remote.laz)" -gt 10 ] || [ -z "${SERVE:-}" ] || fail "no points from the server"

cd "$SCREE_SOURCE_DIR"
for document in *.md docs/*.md docs/*/*.md python/*.md; do
    for link in $(grep -oE '\]\([^)# ]+' "$document" | cut -c3- | grep -v '^https\{0,1\}:'); do
        [ -e "$(dirname "$document")/$link" ] || fail "$document links to $link, which is not there"
    done
done
