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

# Every command that a document shows is one, with options that it has.
shown=0
for document in "$SCREE_SOURCE_DIR"/README.md "$SCREE_SOURCE_DIR"/docs/*.md "$SCREE_SOURCE_DIR"/docs/*/*.md; do
    while read -r _ command rest; do
        [[ $command != index ]] || command="index ${rest%% *}"
        # shellcheck disable=SC2086
        "$SCREE" help $command > help.txt 2> err || fail "$document: no command $command"
        shown=$((shown + 1))
        for option in $(grep -oE -- '(^| )--[a-z0-9-]+' <<< "$rest"); do
            grep -qE -- "$option([ =,[]|\$)" help.txt || fail "$document: $command has no $option"
        done
    done < <(sed -nE 's/^    (scree [a-z].*)/\1/p; s/^(scree [a-z].*)/\1/p' "$document" | grep -E '^scree (convert|info|validate|query|enrich|amend|synth|index) ')
done
[ $shown -ge 60 ] || fail "only $shown commands are shown"

cd "$SCREE_SOURCE_DIR"
for document in *.md docs/*.md docs/*/*.md python/*.md; do
    for link in $(grep -oE '\]\([^)# ]+' "$document" | cut -c3- | grep -v '^https\{0,1\}:'); do
        [ -e "$(dirname "$document")/$link" ] || fail "$document links to $link, which is not there"
    done
done
