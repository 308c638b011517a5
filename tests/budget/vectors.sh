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

# The input is read twice, and once those of its rows that are the sample; into 100 lists through no more than 10 open files.
code=0
bash -c 'ulimit -n 10; "$1" index build v.fbin few.svx --rerank fp32 --lists 100 --json -q --memory 128M; cat /proc/$$/io >&2' few "$SCREE" > out 2> err || code=$?
[ -s few.svx ] || fail "with 10 open files: $(cat err)"
read_bytes=$(sed -n 's/^rchar: //p' err) # of children, too
if [ -n "$read_bytes" ]; then
    sample=$(($(value_of sample_rows) * 3072)) all=$(wc -c < v.fbin)
    [ "$read_bytes" -ge $((2 * all + sample)) ] || fail "$read_bytes bytes read of an input of $all: reads are not counted"
    [ "$read_bytes" -le $((2 * all + sample + 4194304)) ] || fail "$read_bytes bytes read of an input of $all with a sample of $sample"
fi
# 4 bytes of scratch a vector, and the journal's centroids.
[ "$(value_of scratch_bytes)" -le $((4 * 6000 + 2 * 100 * 768 + 8 * 768 + 65536)) ] || fail "$(value_of scratch_bytes) bytes of scratch for 6000 vectors"

# Bytes a vector at 768 dimensions, from files: 112 with 1 bit, 504 with 5; what lists begin at is aligned to 64.
for kind in 1:112 5:504; do
    expect 0 index build v.fbin bytes.svx --bits ${kind%:*} --rerank none --lists 20 -q -f
    expect 0 index info bytes.svx --json
    bytes=$(value_of codes_bytes)
    [ "$bytes" -ge $((6000 * ${kind#*:})) ] && [ "$bytes" -le $((6000 * ${kind#*:} + 20 * 64)) ] ||
        fail "${kind%:*} bits: $bytes bytes of codes for 6000 vectors"
    [ "$(wc -c < bytes.svx)" -le $((bytes + $(value_of head_bytes) + 64)) ] || fail "a file of $(wc -c < bytes.svx) bytes for $bytes of codes"
done

# A merge of segments within the least budget: the same bytes as with plenty.
head -c $((8 + 2000 * 3072)) v.fbin > part.fbin
printf '\320\007\000\000' | dd of=part.fbin conv=notrunc 2> /dev/null
expect 0 index append part.fbin plenty.svx --json -q -t 2 --memory 128M
within $((128 * 1024 * 1024))
expect 0 index merge plenty.svx -o merged.svx --json -q -t 3 --memory 1G
expect 0 index merge plenty.svx -o small.svx --json -q -t 2 --memory 64M
within $((64 * 1024 * 1024))
cmp -s merged.svx small.svx || fail "a merge within 64M: other bytes"
expect 0 index merge plenty.svx -o again.svx --retrain --json -q -t 2 --memory 128M
within $((128 * 1024 * 1024))
