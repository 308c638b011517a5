# Each input is read once, whatever becomes of its points: in memory, on scratch, or first in memory and then on scratch; records go to
# scratch once, and of a survey nothing else does. A sample of up to a
# sixteenth of the chunks and what is in front of the points (headers, tables of chunks: when planning, and when reading) come on top.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"

[ -n "${COUNT_READS:-}" ] || { echo "skipped: reads can be counted with glibc only"; exit 77; }

# read_once CASE BUDGET THREADS PERCENT SCRATCH INPUT...: SCRATCH: yes or no; PERCENT of the input may be read
read_once() {
    local name=$1 budget=$2 threads=$3 percent=$4 scratch=$5
    shift 5
    "$COUNT_READS" "$budget" "$threads" counted.copc.laz "$@" > out 2> err || fail "$name: $(cat err)"
    local bytes=$(value_of input_bytes) got=$(value_of read_bytes)
    echo "$name, $threads threads, budget $budget: $got of $bytes bytes read, $(value_of scratch_bytes) to scratch"
    [ "$got" -ge $((bytes * 95 / 100)) ] || fail "$name: reads are not counted"
    [ "$got" -le $((bytes * percent / 100)) ] || fail "$name: the inputs were read more than once"
    [ "$([ "$(value_of scratch_bytes)" -gt 0 ] && echo yes || echo no)" = "$scratch" ] ||
        fail "$name: scratch $(value_of scratch_bytes), expected: $scratch"
    [ "$name" != survey ] || [ "$(value_of scratch_bytes)" -le "$(value_of planned_scratch_bytes)" ] ||
        fail "$name: $(value_of scratch_bytes) bytes to scratch, the records are $(value_of planned_scratch_bytes)"
    # No record goes there twice: what is on top are chunks of the first levels, where they have no room in memory until the file's end.
    local records=$(($(points_of counted.copc.laz) * 30)) chunks=$(stat -c %s counted.copc.laz)
    [ "$(value_of scratch_bytes)" -le $((records + chunks)) ] ||
        fail "$name: $(value_of scratch_bytes) bytes to scratch, the records are $records, all chunks $chunks"
    cmp -s whole.copc.laz counted.copc.laz || fail "$name: other bytes"
}

# value_of takes the last number of a name; one document on one line has one of each.
value_of() { tr ',' '\n' < out | sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" | tail -n 1; }
memory_of() {
    local threads=$1
    shift
    expect 0 convert "$@" planned.copc.laz --dry-run --json -q --threads "$threads" --memory $PLENTY
    value_of memory_bytes
}

make_survey tiles 2M --tiles 4
expect 0 convert tiles whole.copc.laz -q
for threads in 1 4; do
    read_once survey $((8 << 30)) $threads 102 no tiles/*.laz
    read_once survey "$(floor_of $threads tiles)" $threads 109 yes tiles/*.laz
done

# Half a million points at one place: the plan promises that all points fit, and then there is no room for their node.
"$MAKE_ADVERSARY" pile 2000000 pile.laz
expect 0 convert pile.laz whole.copc.laz -q --force
read_once pile "$(memory_of 2 pile.laz)" 2 102 yes pile.laz

# One chunk: a sample of it would be all of it.
"$MAKE_ADVERSARY" one-chunk 700000 chunk.laz
expect 0 convert chunk.laz whole.copc.laz -q --force
read_once one-chunk "$(floor_of 4 chunk.laz)" 4 102 yes chunk.laz
