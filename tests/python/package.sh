#!/usr/bin/env bash
# The Python package against the program: the same points, features and neighbours.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
. "$SCREE_SOURCE_DIR/tests/python/_python.sh"
export SCREE_LIBRARY=$SCREE_SHARED_LIBRARY

make_survey tiles 12K --tiles 4
make_survey other.laz 3K --format 3 --seed 5
for format in 0 1 2 3 4 5 6 7 8 9 10; do
    make_survey f$format.laz 1K --format $format --chunk-size 300
done
"$SCREE" convert tiles city.copc.laz -q
"$SCREE" enrich f7.laz enriched.laz --neighbors none -q
"$SCREE" enrich f6.laz compact.laz --compact -q
"$python" -W error -m unittest -q test_points 2> err || fail "test_points.py"
"$MAKE_VECTORS" rows.fbin 3000 24 1
"$python" -W error -m unittest -q test_vectors 2> err || fail "test_vectors.py"
cat err
