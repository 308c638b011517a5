# One survey, one file, its temporal index with it: whatever the threads, the budget, the order of the inputs and the compression of scratch, which is at
# most the records once, or half of them with LZ4.
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
# The encoded nodes of the first levels wait on scratch, too.
raw=$((1000000 * 30)) encoded=$(stat -c %s one.copc.laz)
[ "$spilled" -le $((raw + encoded)) ] || fail "$spilled bytes of scratch for $raw of records"
if "$SCREE" convert $given one.copc.laz --temporal-index 3 --json --force -q --threads 4 --memory $least --tmp scratch --tmp-compression lz4 > out 2> err; then
    packed=$(value_of scratch_bytes)
    [ "$packed" -gt "$encoded" ] && [ $((packed - encoded)) -le $((raw * 2 / 5)) ] || fail "$packed bytes of scratch with LZ4 for $raw of records"
else
    says err "built without LZ4"
fi
md5sum < one.copc.laz >> sums
[ "$(wc -l < sums)" = 13 ] && [ "$(sort -u sums | wc -l)" = 1 ] || fail "$(sort sums | uniq -c)"
expect 0 validate one.copc.laz
says out "indexed by time with a stride of 3"
