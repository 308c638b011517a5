# Features of a file among more points around it within the least budget, through scratch: the bytes of a run in memory, whatever the threads; and less
# than the least is refused with the number that does.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"
export SOURCE_DATE_EPOCH=1700000000

enriched() { # what code arguments...
    local what=$1
    shift
    timed "$@" --json -q --force --tmp scratch
    [ -z "$(ls -A scratch)" ] || fail "$what: left in scratch: $(ls -A scratch)"
}

# Most of the points are those of another file at the same place: read, kept, and not computed.
mkdir in
make_survey in/s.laz 120K
make_survey in/around.laz 1M --seed 2 --density 80
enriched "in memory" 0 enrich in/s.laz whole.laz --threads 1 --memory $PLENTY
[ "$(value_of scratch_bytes)" = 0 ] || fail "$PLENTY do not hold all points"
row enrich 1 $PLENTY done
expect 3 enrich in/s.laz small.laz -q --memory 2M
absent small.laz
named=$(sed -n 's/.*--memory \([0-9]*M\).*/\1/p' err)
[ -n "$named" ] || fail "refused 2M without saying what would do"
for threads in 1 4; do
    enriched "$threads threads" 0 enrich in/s.laz small.laz --threads $threads --memory "$named"
    row enrich $threads "$named" done
    [ "$(value_of scratch_bytes)" -gt 0 ] || fail "$named hold all points: nothing went through scratch"
    [ "$(value_of peak_budget_bytes)" -le "$(bytes_of "$named")" ] || fail "$threads threads: $(value_of peak_budget_bytes) of $named"
    within "$threads threads" "$(bytes_of "$named")"
    cmp -s whole.laz small.laz || fail "$threads threads, $named: other bytes"
done

# A folder's file that does not fit is told of, and done all the same.
expect 0 enrich in big.out --dry-run --memory 64M
says err 'in/s.laz: its 120,?000 points do not fit the memory budget'
says err '2 files: 2 to do, 0 skipped, 0 failed'

# Eight files and eight threads share one budget, the least: all are done, and none takes more.
make_survey eight 160K --tiles 8
timed 0 enrich eight eight.out --json -q --threads 8 --memory 64M --mode building --report none
[ "$(value_of done)" = "$(ls eight/*.laz | wc -l)" ] && [ "$(value_of failed)" = 0 ] || fail "of 8 files $(value_of done) are done"
[ "$(value_of peak_budget_bytes)" -le "$(bytes_of 64M)" ] || fail "8 files: $(value_of peak_budget_bytes) of 64M"
within "8 files" "$(bytes_of 64M)"

# In memory a point takes 60 bytes at most, with what threads need beside; and the plan says beforehand what it will be.
make_survey million.laz 1M
expect 0 enrich million.laz million.out.laz --neighbors none --threads 1 --memory $PLENTY --dry-run --json
planned=$(value_of memory_bytes)
enriched "a million" 0 enrich million.laz million.out.laz --neighbors none --threads 1 --memory $PLENTY
row enrich 1 $PLENTY done
peak=$(value_of peak_budget_bytes)
[ "$peak" -le 60000000 ] || fail "$peak bytes for a million points"
[ "$planned" -le "$(value_of peak_resident_bytes)" ] && [ $((10 * planned)) -ge $((7 * peak)) ] ||
    fail "planned $planned bytes, $peak were taken"
