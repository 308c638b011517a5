# One survey, one file, its temporal index with it: whatever the threads, the budget and the order of the inputs.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"

make_survey tiles 1M --tiles 4
given=$(echo tiles/*.laz)
reversed=$(echo tiles/*.laz | tr ' ' '\n' | sort -r | tr '\n' ' ')
[ "$(echo $given | wc -w)" = 4 ] && [ "$given" != "$reversed" ] || fail "four tiles: $given"

for threads in 1 2 4; do
    least=$(floor_of $threads $given --temporal-index 3)
    for budget in $PLENTY $least; do
        for order in "$given" "$reversed"; do
            expect 0 convert $order one.copc.laz --temporal-index 3 --json --force -q --threads $threads --memory $budget --tmp scratch
            [ "$budget" = $PLENTY ] || within "$threads threads" "$budget"
            spilled=$(value_of scratch_bytes)
            md5sum < one.copc.laz >> sums
        done
    done
    [ "$threads" = 1 ] || [ "$spilled" -gt 0 ] || fail "$threads threads: $least bytes hold all points"
done
[ "$(wc -l < sums)" = 12 ] && [ "$(sort -u sums | wc -l)" = 1 ] || fail "$(sort sums | uniq -c)"
expect 0 validate one.copc.laz
says out "indexed by time with a stride of 3"
