#!/usr/bin/env bash
# Each figure of docs/figures.md stands in the newest of the results that its line names.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
page=$SCREE_SOURCE_DIR/docs/figures.md
count=0
while IFS='|' read -r _ what figures results _; do
    results=$(echo "$results" | tr -d ' ')
    file=$(ls "$SCREE_SOURCE_DIR/bench/results/$results"-*.md | sort | tail -n 1)
    [ -s "$file" ] || fail "no results named $results"
    figure_list=$(echo "$figures" | grep -oE '`[^`]+`' | tr -d '`')
    [ -n "$figure_list" ] || fail "no figure: $what"
    while read -r figure; do
        grep -qF -- "$figure" "$file" || fail "$figure ($what) is not in ${file##*/}"
        count=$((count + 1))
    done <<< "$figure_list"
done < <(sed -n '/^| what /,/^$/p' "$page" | grep '^|' | tail -n +3)
[ $count -ge 20 ] || fail "only $count figures"
echo "$count figures stand in bench/results"
