# An index of each kind, searched by scree and by a reader that was written from docs/formats/svx.md alone: the same neighbours, and their distances.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

command -v python3 > /dev/null 2>&1 || {
    echo "no python3 here (tools/setup oracle installs it)"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
    exit 77
}

# Made-up rows: a few clusters, ids that need 8 bytes.
python3 - << 'MADE'
import random, struct
random.seed(3)
for name, dim, rows in (('a', 20, 350), ('b', 150, 130), ('c', 128, 130)):
    centres = [[random.gauss(0, 2) for _ in range(dim)] for _ in range(6)]
    def row():
        return [c + random.gauss(0, 1) for c in random.choice(centres)]
    for kind, count in (('base', rows), ('query', 3)):
        with open('%s.%s.fvecs' % (name, kind), 'wb') as f:
            for _ in range(count):
                f.write(struct.pack('<I%df' % dim, dim, *row()))
with open('ids', 'w') as f:
    for i in range(350):
        f.write('%d\n' % (i * 40000000000 + 5))
MADE

# compare INDEX COLUMN QUERIES NPROBE BITS TOLERANCE [search option...]
compare() {
    local index=$1 column=$2 queries=$3 nprobe=$4 bits=$5 tolerance=$6
    shift 6
    expect 0 index search "$index" --query "$queries" --column "$column" -k 6 --nprobe "$nprobe" --deviations 8 "$@"
    awk '{print $1, $3, $4}' out > ours
    python3 "$SCREE_SOURCE_DIR/tests/oracle/svx.py" "$index" "$column" "$queries" 6 "$nprobe" "$bits" > theirs || fail "$index: the other reader"
    [ "$(wc -l < theirs)" = 18 ] || fail "$index: $(wc -l < theirs) lines"
    # Distances alike in order, and the ids too where rows decide; estimates differ a little, as scree rounds the query to 4 or 14 bits.
    paste -d ' ' ours theirs | awk -v t="$tolerance" '
        function close_to(a, b) { d = a - b; if (d < 0) d = -d; s = b < 0 ? -b : b; return d <= t * (s + 1) }
        $1 != $4 || !close_to($3, $6) { print "differ: " $0; bad = 1 }
        $2 != $5 { swapped++ }
        END { if (swapped > (t > 0.05 ? 9 : t > 0.0001 ? 4 : 0)) { print swapped " ids differ"; bad = 1 }; exit bad }' || fail "$index $column"
}

expect 0 index build a.base.fvecs one.svx --lists 5 --rerank fp32 --ids ids -q
compare one.svx vector a.query.fvecs 2 0 0.00001
expect 0 index build a.base.fvecs bit.svx --lists 5 --rerank none -q
compare bit.svx vector a.query.fvecs 5 1 0.1
expect 0 index build b.base.fvecs cosine.svx --lists 3 --metric cosine --bits 5 --rerank fp16 -q
compare cosine.svx vector b.query.fvecs 2 0 0.00001
expect 0 index build c.base.fvecs ip.svx --lists 4 --metric ip --bits 8 --rerank none -q
compare ip.svx vector c.query.fvecs 3 0 0.005
expect 0 index build x=b.base.fvecs y=c.base.fvecs two.svx --lists x=2,y=3 --bits x=4,y=3 --metric y=cosine --rerank x=sq8,y=none -q
compare two.svx x b.query.fvecs 1 0 0.00001
compare two.svx y c.query.fvecs 3 0 0.005

# Of segments, with ids that are deleted and replaced; then merged.
expect 0 index build a.base.fvecs several.svx --lists 5 --rerank fp32 --ids ids -q
head -c $((84 * 100)) a.base.fvecs > more.fvecs
printf '%d\n' $(seq 3 102) > more.ids
expect 0 index append more.fvecs several.svx --ids more.ids -q
head -n 20 ids > again.ids
for i in 1 2 3 4 5 6 7; do head -c $((84 * 3)) a.query.fvecs; done | head -c $((84 * 20)) > again.fvecs
expect 0 index append again.fvecs several.svx --ids again.ids -q
expect 0 index delete several.svx 4 40000000005 $((300 * 40000000000 + 5)) -q
compare several.svx vector a.query.fvecs 2 0 0.00001
expect 0 index merge several.svx -o joined.svx -q
compare joined.svx vector a.query.fvecs 2 0 0.00001
