#!/usr/bin/env bash
# Enriched files of every kind, read by independent decoders: the original records, descriptors by the specification, features that can be right; COPC that copc.js walks; a map.
set -u
here=$SCREE_SOURCE_DIR/tests/oracle
. "$here/_node.sh"
need_node

faults=0
run() { "$SCREE" "$@" --progress none -q || { echo "FAIL $*"; exit 1; }; }
check() { node "$here/enriched.mjs" "$@" || { echo "FAIL $*"; faults=1; }; }

for format in 0 1 2 3 6 7 8; do
    run synth "survey$format.laz" --points 15000 --format $format --seed $format
    run enrich "survey$format.laz" "out$format.laz" --neighbors none --k 15
    check "survey$format.laz" "out$format.laz"
done
for format in 0 1 2 3; do # of LAS 1.2
    run enrich "survey$format.laz" "new$format.laz" --neighbors none --k 15 --las14
    LAS14=1 check "survey$format.laz" "new$format.laz"
    run enrich "survey$format.laz" "new$format.las" --neighbors none --k 15 --las14
    LAS14=1 check "survey$format.laz" "new$format.las"
    run validate "new$format.laz" "new$format.las" > validated || { cat validated; faults=1; }
    run enrich "new$format.laz" "bare$format.laz" --strip
    cmp "survey$format.laz" "bare$format.laz" || faults=1
done
run enrich survey6.laz compact.laz --neighbors none --compact --mode building
check survey6.laz compact.laz compact.enrich.png
run enrich survey3.laz ign.las --neighbors none --names ign
check survey3.laz ign.las
for format in 6 7 8; do
    run convert "survey$format.laz" "tree$format.copc.laz"
    run enrich "tree$format.copc.laz" "rich$format.copc.laz" --neighbors none
    bash "$here/judge.sh" "rich$format.copc.laz" || faults=1
    check "tree$format.copc.laz" "rich$format.copc.laz"
done
run enrich survey7.laz built.copc.laz --neighbors none
bash "$here/judge.sh" built.copc.laz || faults=1
exit $faults
