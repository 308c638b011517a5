# The memory that the build of an index takes: within 16 MiB of the budget, and the same bytes for every budget and number of threads. Below the least:
# refused with the number that would do.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out | tail -n 1; }

# Sanitizers keep shadow memory of their own.
within() { # budget
    [ -n "${SCREE_SANITIZE:-}" ] || [ "$(value_of peak_resident_bytes)" -le $(($1 + 16 * 1024 * 1024)) ] ||
        fail "resident $(value_of peak_resident_bytes) of a budget of $1"
}

"$MAKE_VECTORS" v.fbin 6000 768
expect 0 index build v.fbin plan.svx --rerank fp32 --dry-run --json -t 2 --memory 1G
least=$(value_of floor_bytes)
[ "$least" -ge 67108864 ] || fail "the least is $least bytes"
absent plan.svx
expect 0 index build v.fbin plenty.svx --rerank fp32 --json -q -t 2 --memory 1G
for threads in 1 3; do
    expect 0 index build v.fbin plan.svx --rerank fp32 --dry-run --json -t $threads --memory 1G
    least=$(value_of floor_bytes)
    expect 0 index build v.fbin least.svx --rerank fp32 --json -q -f -t $threads --memory "$least"
    within "$least"
    cmp -s plenty.svx least.svx || fail "$threads threads, the least budget: other bytes"
    expect 3 index build v.fbin small.svx --rerank fp32 -t $threads --memory $((least - 1048576))
    says err '--memory [0-9]+M'
    absent small.svx
done
expect 0 index verify least.svx
# From a pipe: spilled once, the same bytes.
code=0
"$SCREE" index build - piped.svx --format fbin --rerank fp32 -q --memory 128M < v.fbin > out 2> err || code=$?
[ $code = 0 ] || fail "standard input: $code"
cmp -s plenty.svx piped.svx || fail "standard input: other bytes"
