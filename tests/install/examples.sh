#!/usr/bin/env bash
# The examples do what their first lines say, on files, and the one that reads a URL from a server.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
. "$SCREE_SOURCE_DIR/tests/manual/_sample.sh"

for source in "$SCREE_SOURCE_DIR"/examples/*.c; do
    [ "$(wc -l < "$source")" -lt 80 ] || fail "$source has 80 lines or more"
    [ -x "$EXAMPLES/$(basename "$source" .c)" ] || fail "$source is not built"
done
make_sample sample
cd sample

"$EXAMPLES/convert" tiles new.copc.laz > out 2> err || fail "convert"
cmp -s new.copc.laz city.copc.laz || fail "convert makes another file than the program"
says out '^60000 points of 4 files become format 6'
! "$EXAMPLES/convert" tiles new.copc.laz > out 2> err || fail "convert replaces a file"
says err 'new.copc.laz'

box="650000 6860000 650030 6860040"
want=$("$SCREE" query city.copc.laz --bounds "$box" --resolution 1 --count | tr -d , | grep -oE '^[0-9]+')
"$EXAMPLES/range_query" city.copc.laz $box 1 > out 2> err || fail "range_query"
says out "^$want points of [0-9]+ nodes, mean height [0-9.]+$"
[ "$want" -gt 100 ] || fail "only $want points"
start_server .
if [ -n "${SERVE:-}" ]; then
    "$EXAMPLES/range_query" "$site/city.copc.laz" $box 1 > remote 2> err || fail "range_query of a URL"
    cmp -s out remote || fail "other points than of the file"
    ! "$EXAMPLES/range_query" "$site/nothing.laz" $box 1 > out 2> err || fail "range_query of nothing"
fi

"$EXAMPLES/enrich_points" > out 2> err || fail "enrich_points"
awk '$1 == "plane" && $5 > 0.4 && $7 < 0.01 { n++ } $1 == "line" && $3 > 0.99 { n++ } $1 == "ball" && $7 > 0.2 { n++ } END { exit n != 3 }' out ||
    fail "the shapes are not told apart"

"$EXAMPLES/vectors_index" vectors.npy new.svx > out 2> err || fail "vectors_index"
[ "$(grep -c '^query' out)" = 15 ] || fail "not five neighbours of each"
for query in 0 1 2; do
    [ "$(grep -m 1 "^query $query:" out | cut -d' ' -f3)" = $query ] || fail "row $query is not nearest to itself"
done
"$SCREE" index verify new.svx > out 2> err || fail "the index is not right"
