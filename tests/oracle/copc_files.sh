#!/usr/bin/env bash
# Made-up surveys of the three output formats, in one file and in tiles, become COPC files that independent decoders agree on and that
# hold the very points of their inputs.
set -u
here=$SCREE_SOURCE_DIR/tests/oracle
. "$here/_node.sh"
need_node

faults=0
check() {
    local name=$1
    shift
    "$SCREE" convert "$@" "$name.copc.laz" --progress none -q || { echo "FAIL $name: convert"; faults=1; return; }
    bash "$here/judge.sh" "$name.copc.laz" || faults=1
    node "$here/same-points.mjs" "$name.copc.laz" $(find "$@" -type f | sort) || { echo "FAIL $name: points"; faults=1; }
}

for format in 6 7 8; do
    "$SCREE" synth "survey$format.laz" --points 60000 --format $format --seed $format --progress none -q || exit 1
    check "one$format" "survey$format.laz"
done
"$SCREE" synth tiles --points 150000 --tiles 4 --format 7 --seed 9 --progress none -q || exit 1
check tiled tiles
exit $faults
