#!/usr/bin/env bash
# Temporal indices, written with a conversion and appended to a file that was there: an independent reader finds every sample and every point of
# many time windows, and the decoders that know nothing of the index read the files as before.
set -u
here=$SCREE_SOURCE_DIR/tests/oracle
. "$here/_node.sh"
need_node

faults=0
judge() {
    node "$here/copc-temporal.mjs" --stride "$1" "$2" || faults=1
    bash "$here/judge.sh" "$2" || faults=1
}

"$SCREE" synth survey.laz --points 150000 --format 7 --seed 5 --progress none -q || exit 1
for stride in 1 100; do
    "$SCREE" convert survey.laz "with$stride.copc.laz" --temporal-index $stride --progress none -q || exit 1
    node "$here/copc-temporal.mjs" --stride $stride "with$stride.copc.laz" || faults=1
done
bash "$here/judge.sh" with100.copc.laz || faults=1
"$SCREE" convert survey.laz amended.copc.laz --crs 'LOCAL_CS["here",UNIT["metre",1]]' --progress none -q || exit 1
"$SCREE" amend amended.copc.laz --temporal-index 7 -q || exit 1
judge 7 amended.copc.laz
# A longer CRS: chunks, pages and index move.
"$SCREE" amend amended.copc.laz --temporal-index 1000 --crs 'LOCAL_CS["somewhere, with a longer name",UNIT["metre",1]]' --repair-header -q || exit 1
judge 1000 amended.copc.laz
exit $faults
