# Points that lie too close together for the budget are refused as soon as that is known: once they are read and in order, before any node is encoded.
# The budget that the refusal names works.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"

refused_early() { # KIND POINTS THREADS BUDGET
    local named
    "$MAKE_ADVERSARY" "$1" "$2" input.laz
    reference "$1" "$2" input.laz
    expect 3 convert input.laz early.copc.laz --progress json --threads "$3" --memory "$4" --tmp scratch
    says err '"stage": *"read"'
    ! grep -qE '"stage": *"(build|write)"' err || fail "$1, $3 threads, $4: refused after the output had begun"
    absent early.copc.laz
    named=$(sed -n 's/.*--memory \([0-9]*M\).*/\1/p' err)
    [ -n "$named" ] || fail "$1: no budget is named"
    timed 0 convert input.laz early.copc.laz --json -q --threads "$3" --memory "$named" --tmp scratch
    row "$1" "$3" "$named" done
    within "$1, $3 threads" "$(bytes_of "$named")"
    cmp -s whole.copc.laz early.copc.laz || fail "$1, $3 threads, $named: other bytes"
    rm early.copc.laz
}

for kind in coincident volume; do
    "$MAKE_ADVERSARY" $kind 700000 input.laz
    refused_early $kind 700000 4 "$(floor_of 4 input.laz)" # through scratch
    refused_early $kind 700000 1 "$(floor_of 1 input.laz)"
done
