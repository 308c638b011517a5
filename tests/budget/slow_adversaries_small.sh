# Inputs that are hard on memory, small. Within the least budget that the plan promises, with one thread and four, the bytes are those of a run with
# plenty; where points lie too close for that, the refusal names what does.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"

hostile() { # KIND POINTS THREADS...
    local kind=$1 points=$2
    shift 2
    refused=no
    "$MAKE_ADVERSARY" "$kind" "$points" input.laz
    reference "$kind" "$points" input.laz
    for threads; do
        converted "$kind" "$(floor_of "$threads" input.laz)" "$threads" input.laz
    done
}

# With four threads even these go through scratch.
for kind in column one-chunk bounds-small bounds-large bounds-nan counts extra-bytes; do
    count=250000
    [ $kind != extra-bytes ] || count=60000
    hostile $kind $count 4
    [ $refused = no ] || fail "$kind: the floor that the plan names is refused"
done
hostile clusters 1200000 1 4
[ $refused = no ] || fail "clusters: the floor that the plan names is refused"

# Points that cannot be divided, and a node of a million: more than the floor.
for kind in coincident one-cell volume; do
    hostile $kind 700000 4
    [ $kind = one-cell ] || [ $refused = yes ] || fail "$kind: such a node does not fit the floor"
done

# Many small files.
mkdir tiles
"$MAKE_ADVERSARY" tiles 600 tiles
reference tiles 60000 tiles
converted tiles "$(floor_of 4 tiles)" 4 tiles

# Of a hundred files one is cut off: nothing appears, and its name is said.
mkdir hundred
"$MAKE_ADVERSARY" tiles 100 hundred
truncate -s -300 hundred/tile_000057.laz
for threads in 1 4; do
    expect 1 convert hundred hundred.copc.laz -q --threads $threads
    says err 'tile_000057.laz'
    absent hundred.copc.laz
done
