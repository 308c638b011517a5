# Inputs that are hard on memory, at sizes that do not fit: POINTS (default 10 million) in 256 and 512 MiB.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"

points=${SCREE_TEST_POINTS:-10000000}

hostile() { # KIND POINTS BUDGET...
    local kind=$1 count=$2
    shift 2
    refused=no
    "$MAKE_ADVERSARY" "$kind" "$count" input.laz
    reference "$kind" "$count" input.laz
    for budget; do
        for threads in 1 4; do
            converted "$kind" "$budget" $threads input.laz
        done
    done
}

hostile one-chunk $((points * 2)) 256M # 20 million points in one chunk
[ $refused = no ] || fail "one-chunk: refused"
for kind in column clusters bounds-small bounds-large bounds-nan counts; do
    hostile $kind "$points" 256M 512M
    [ $refused = no ] || fail "$kind: refused"
done
hostile extra-bytes $((points / 4)) 256M 512M
for kind in pile coincident one-cell volume; do
    hostile $kind "$points" 256M 512M
done

mkdir tiles
"$MAKE_ADVERSARY" tiles 10000 tiles
reference tiles 1000000 tiles
for threads in 1 4; do
    converted tiles 256M $threads tiles
    converted tiles "$(floor_of $threads tiles)" $threads tiles
done
