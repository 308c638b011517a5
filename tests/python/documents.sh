#!/usr/bin/env bash
# The Python of documents runs as it stands: the lines of python/README.md, and those of the guides.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
. "$SCREE_SOURCE_DIR/tests/python/_python.sh"
. "$SCREE_SOURCE_DIR/tests/manual/_sample.sh"
export SCREE_LIBRARY=$SCREE_SHARED_LIBRARY

make_sample sample
start_server sample
mv sample/tiles/tile_0_0.laz sample/a.laz
mv sample/tiles/tile_1_0.laz sample/b.laz
rm sample/vectors.svx
cd sample
begin='import numpy, scree
vectors, queries = numpy.load("vectors.npy"), numpy.load("q.npy")'

# snippet DOCUMENT LEAST: its indented lines that are Python's
snippet() {
    { echo "$begin"
      sed -n 's/^    //p' "$1" | grep -E '^(import |with scree|    scree\.|[a-z, ]+ = scree\.|scree\.[a-z_]+\()'; } > code.py
    [ "$(wc -l < code.py)" -ge $((2 + $2)) ] || fail "$1: hardly a line of Python"
    if [ -n "${SERVE:-}" ]; then sed -i "s|https://example\.org/|$site/|g" code.py; else sed -i '/https:\/\//d' code.py; fi
    echo "$3" >> code.py
    "$python" -W error code.py > out 2> err || fail "$1"
}

snippet "$SCREE_SOURCE_DIR/python/README.md" 8 'assert len(points) > 50 and len(shape) == len(points) and ids.shape == (5, 10) and len(scree.read("part.laz")) == len(points)'
"$SCREE" validate both.copc.laz -q > /dev/null || fail "both.copc.laz"
snippet "$SCREE_SOURCE_DIR/docs/guides/survey.md" 1 'assert not "points" in globals() or len(points) > 10'
begin+='
points = scree.read("tile.laz")'
snippet "$SCREE_SOURCE_DIR/docs/guides/enrich.md" 1 'assert (shape["HeightAboveGround"] > 2).any()'
