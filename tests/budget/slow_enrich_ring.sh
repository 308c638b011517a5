# 1 000 000 ground points on one circle around nothing, as many points near it and inside: seconds of CPU time, and the same bytes in memory and through scratch.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"
export SOURCE_DATE_EPOCH=1700000000

[ -n "${SCREE_SANITIZE:-}" ] || ulimit -t 90 # of each program: one triangle after the other has no end
"$MAKE_ADVERSARY" ring 2000000 ring.laz
for memory in $PLENTY 64M; do
    timed 0 enrich ring.laz "out$memory.laz" --features HeightAboveGround --neighbors none --json -q --threads 2 --memory $memory --tmp scratch
    row ring 2 $memory done
    within "$memory" "$(bytes_of $memory)"
    [ -z "$(ls -A scratch)" ] || fail "$memory: left in scratch: $(ls -A scratch)"
done
[ "$(value_of scratch_bytes)" -gt 0 ] || fail "64M hold all points"
cmp -s "out$PLENTY.laz" out64M.laz || fail "other bytes through scratch"
