# The memory that a conversion takes: its resident set stays within 32 MiB of the budget, whether all points fit it or most go through scratch,
# and the bytes are the same (budget/determinism.sh: with other numbers of threads). A budget below the least is refused with the number that would do.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out | tail -n 1; }

# Sanitizers keep shadow memory of their own.
within() { # budget
    [ -n "${SCREE_SANITIZE:-}" ] || [ "$(value_of peak_resident_bytes)" -le $(($1 + 32 * 1024 * 1024)) ] ||
        fail "resident $(value_of peak_resident_bytes) of a budget of $1"
}

make_survey survey.laz 4M
mkdir scratch
for threads in 2; do
    expect 0 convert survey.laz plan.copc.laz --dry-run --json --threads $threads
    need=$(value_of memory_bytes)
    least=$(value_of floor_bytes)
    [ "$need" -gt 140000000 ] || fail "4 million points planned with $need bytes"
    [ "$least" -lt 200000000 ] || fail "the least is $least bytes"
    expect 0 convert survey.laz whole.copc.laz --json --force --threads $threads --memory "$need"
    within "$need"
    expect 0 convert survey.laz spilled.copc.laz --json --force --threads $threads --memory "$least" --tmp scratch
    within "$least"
    cmp -s whole.copc.laz spilled.copc.laz || fail "$threads threads: other bytes than in memory"
    [ -z "$(ls -A scratch)" ] || fail "left in scratch: $(ls -A scratch)"
    expect 3 convert survey.laz small.copc.laz --threads $threads --memory $((least / 2))
    says err '--memory [0-9]+M'
    absent small.copc.laz
done

# More than there is: lowered, with a warning that says to what; and no more threads than cores that the process may use.
expect 0 convert survey.laz plan.copc.laz --dry-run --json --memory 1000000G
says err 'warning: (a memory budget of 1024000000 MiB was asked for|[0-9]+ of [0-9]+ MiB of swap).*lowered to [0-9]+ MiB'
[ "$(value_of budget_bytes)" -lt $((1 << 50)) ] || fail "the budget is $(value_of budget_bytes)"
if command -v taskset > /dev/null 2>&1; then
    taskset -c 0 "$SCREE" convert survey.laz plan.copc.laz --dry-run --json > out 2> err || fail "on one core"
    [ "$(value_of threads)" = 1 ] || fail "$(value_of threads) threads on one core"
fi
