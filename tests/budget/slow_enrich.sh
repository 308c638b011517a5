# Three times the points in 256 MiB take no more memory: peak resident within 5 %, and within the budget and 32 MiB. The bytes are those of a run in memory.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"
export SOURCE_DATE_EPOCH=1700000000

shapes=Linearity,Planarity,Verticality,Roughness,Density
for points in ${SCREE_ENRICH_POINTS:-11M 33M}; do
    make_survey s.laz $points
    timed 0 enrich s.laz small.laz --neighbors none --features $shapes --json -q --threads 2 --memory 256M --tmp scratch
    row "$points" 2 256M done
    [ "$(value_of scratch_bytes)" -gt 0 ] || fail "256M hold $points points"
    [ "$(value_of scratch_bytes)" -le $(($(value_of points) * 60)) ] || fail "$points: scratch of $(value_of scratch_bytes)"
    [ -z "$(ls -A scratch)" ] || fail "$points: left in scratch: $(ls -A scratch)"
    [ "$(value_of peak_budget_bytes)" -le "$(bytes_of 256M)" ] || fail "$points: $(value_of peak_budget_bytes) of 256M"
    within "$points" "$(bytes_of 256M)"
    value_of peak_resident_bytes >> peaks
    timed 0 enrich s.laz whole.laz --neighbors none --features $shapes --json -q --threads 2 --memory $PLENTY
    row "$points" 2 $PLENTY done
    cmp -s whole.laz small.laz || fail "$points: other bytes"
    rm s.laz small.laz whole.laz
done
least=$(sort -n peaks | head -n 1) most=$(sort -n peaks | tail -n 1)
[ -n "${SCREE_SANITIZE:-}" ] || [ $((most * 100)) -le $((least * 105)) ] || fail "resident $(tr '\n' ' ' < peaks)"
