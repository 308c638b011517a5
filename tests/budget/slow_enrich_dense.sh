# 999 of 1000 points in 3 m x 3 m, each with some 110 000 others within the count radius: seconds of CPU time, not minutes, and the same bytes in memory and through scratch.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"
export SOURCE_DATE_EPOCH=1700000000

[ -n "${SCREE_SANITIZE:-}" ] || ulimit -t 30 # of each program: counting point by point takes minutes
"$MAKE_ADVERSARY" block 1300000 block.laz
for memory in $PLENTY 64M; do
    timed 0 enrich block.laz "out$memory.laz" --mode building --count-radius 0.5 --neighbors none --json -q --threads 2 --memory $memory --tmp scratch
    row block 2 $memory done
    within "$memory" "$(bytes_of $memory)"
    [ -z "$(ls -A scratch)" ] || fail "$memory: left in scratch: $(ls -A scratch)"
done
[ "$(value_of scratch_bytes)" -gt 0 ] || fail "64M hold all points"
cmp -s "out$PLENTY.laz" out64M.laz || fail "other bytes through scratch"

# Shapes of all within a radius, some 4 500 a point: sums, no lists of neighbours, so no memory for them.
for memory in $PLENTY 64M; do
    timed 0 enrich block.laz "out$memory.laz" --radius 0.1 --features Planarity,Density --neighbors none --json -q --force --threads 2 --memory $memory --tmp scratch
    row "block, radius" 2 $memory done
    within "$memory" "$(bytes_of $memory)"
    [ "$(value_of peak_budget_bytes)" -le 90000000 ] || fail "$memory: $(value_of peak_budget_bytes) bytes of 1.3 million points"
done
cmp -s "out$PLENTY.laz" out64M.laz || fail "radius: other bytes through scratch"
