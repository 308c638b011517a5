# scree index append, merge, gc: rows that come later are found as if they had been there; ids are replaced; what is merged is found as before; whoever has an
# index open keeps it; a run that fails or is killed leaves the index as it was.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

command -v python3 > /dev/null 2>&1 || { echo "skipped: no python3 here, which makes the vectors"; exit 77; }
python3 - << 'MADE'
import random, struct
random.seed(9)
centres = [[random.gauss(0, 3) for _ in range(24)] for _ in range(12)]
rows = [[c + random.gauss(0, 1) for c in random.choice(centres)] for _ in range(2000)]
def fvecs(name, rows):
    with open(name, 'wb') as f:
        for r in rows:
            f.write(struct.pack('<I24f', 24, *r))
fvecs('all.fvecs', rows)
fvecs('a.fvecs', rows[:1200])
fvecs('b.fvecs', rows[1200:1700])
fvecs('c.fvecs', rows[1700:])
fvecs('two.fvecs', rows[100:102])
fvecs('q.fvecs', rows[::100])
fvecs('bad.fvecs', [[float('nan')] * 24])
open('even', 'w').write('even\n\n' * 600)
open('b.tags', 'w').write('new, even\nnew\n' * 250)
open('thin.fvecs', 'wb').write(struct.pack('<I23f', 23, *range(23)))
MADE
search() { expect 0 index search "$1" --query q.fvecs -k 6 --nprobe 100 "${@:2}"; }

# The same rows around the same centroids are found alike, in one file or three.
for metric in l2 cosine ip; do
    rm -f m.svx*
    expect 0 index build all.fvecs all.svx --metric $metric --bits 3 --rerank fp32 -q --force
    expect 0 index build a.fvecs m.svx --metric $metric --bits 3 --rerank fp32 -q
    expect 0 index append b.fvecs m.svx
    expect 0 index append c.fvecs m.svx --json
    is_json out
    search all.svx
    cp out all.txt
    search m.svx
    cmp -s out all.txt || fail "$metric: three segments find something else than one file"
    expect 0 index verify m.svx
    expect 0 index merge m.svx -o merged.svx -f --json
    is_json out
    expect 0 index verify merged.svx
    search merged.svx
    cmp -s out all.txt || fail "$metric: the merged file finds something else"
    for threads in 1 3; do
        expect 0 index merge m.svx -o again.svx -f -q -t $threads --memory 64M
        cmp -s merged.svx again.svx || fail "$metric: $threads threads, 64M: another merged file"
    done
    expect 0 index merge m.svx -o retrained.svx -f --retrain --lists 9
    says err 'built anew'
    expect 0 index verify retrained.svx
    search retrained.svx
    awk -F '\t' '{ print $1, $2, $3 }' out > ids
    awk -F '\t' '{ print $1, $2, $3 }' all.txt | cmp -s - ids || fail "$metric: the rebuilt file finds something else"
done

# Ids go on from the largest; those that are there are replaced; tags of all segments count; recalls stay.
rm -f m.svx*
expect 0 index build a.fvecs m.svx --tags even --lists 8 -q
expect 0 index eval m.svx -k 6
expect 0 index append b.fvecs m.svx --tags b.tags -q
printf '5\n70000\n' > ids
expect 0 index append two.fvecs m.svx --ids ids
says err '1 ids replaced'
expect 0 index info m.svx --json
says out '"least_id":[[:space:]]*1200'
says out '"most_id":[[:space:]]*1699'
says out '"generation":[[:space:]]*2'
search m.svx
expect 0 index search m.svx --query two.fvecs -k 2 --nprobe 100
awk -F '\t' '$3 == 70000 { n++ } END { exit n != 1 }' out || fail "a row with an id of its own is not found"
search m.svx
awk -F '\t' '$1 == 1 && $2 == 1 && $3 != 5 && $3 != 100 { exit 1 }' out || fail "the row that replaces id 5 is not the nearest of itself"
search m.svx --tag new
awk -F '\t' '$3 < 1200 || $3 > 1699 { exit 1 }' out || fail "--tag new"
search m.svx --tag even
awk -F '\t' '$3 % 2 == 1 { exit 1 }' out || fail "--tag even"
search m.svx --ids 1000-1300
awk -F '\t' '$3 < 1000 || $3 > 1300 { exit 1 } $3 < 1200 { old = 1 } $3 >= 1200 { new = 1 } END { exit !(old && new) }' out || fail "--ids"
expect 0 index search m.svx --query q.fvecs -k 6 --recall 0.9
expect 0 index delete m.svx 0 1300 70000
search m.svx
awk -F '\t' '$3 == 0 || $3 == 1300 || $3 == 70000 { exit 1 }' out || fail "deleted ids are found"
cp out before.txt
expect 0 index eval m.svx -k 5
expect 0 index verify m.svx
expect 0 index plan m.svx --query q.fvecs --nprobe 2
awk -F '\t' '!/^#/ { seen[$6]++ } END { exit !(seen[1] && seen[2]) }' out || fail "a plan without segments"

# Merged in its place: the segments go, results stay; tags and recalls come along; deleted ones are gone.
expect 1 index merge m.svx -o m.svx
says err 'exists already'
cp m.svx kept.svx
expect 0 index merge m.svx -o m.svx --force
for number in 1 2 3; do absent m.svx.segment-$number; done
search m.svx
cmp -s out before.txt || fail "merging has changed what is found"
search m.svx --tag new
expect 0 index search m.svx --query q.fvecs -k 5 --recall 0.9
expect 0 index info m.svx --json
says out '"deleted":[[:space:]]*0'
says out '"vectors":[[:space:]]*1698'
# An old manifest whose segments are gone says so.
expect 1 index search kept.svx --query q.fvecs
says err 'segment-1'

# Deletions of an index of one file move to the manifest.
expect 0 index delete m.svx 7 1299 -q
expect 0 index append c.fvecs m.svx -q
absent m.svx.del
search m.svx
awk -F '\t' '$3 == 7 || $3 == 1299 { exit 1 }' out || fail "an append brings deleted ids back"

# Mistakes leave the index alone.
cp m.svx kept
expect 1 index append bad.fvecs m.svx
says err 'row 0, column 0: NaN'
expect 2 index append thin.fvecs m.svx
expect 2 index append other=c.fvecs m.svx
says err "no column 'other'"
expect 1 index append c.fvecs nothing.svx
expect 2 index append c.fvecs
expect 3 index append c.fvecs m.svx --memory 16M
cmp -s m.svx kept || fail "an append that failed has changed the index"
absent m.svx.segment-3
expect 0 index build a.fvecs other.svx --bits 2 -q
expect 2 index merge m.svx other.svx -o x.svx
says err 'its columns are not those'
expect 0 index build a.fvecs none.svx --rerank none --lists 8 -q
expect 1 index merge none.svx -o x.svx --retrain
says err 'keeps none of floats'
absent x.svx
# Indexes with different centroids are built anew from their rows.
expect 0 index build b.fvecs one.svx --lists 3 -q
expect 0 index build c.fvecs two.svx --lists 4 -q
expect 0 index merge one.svx two.svx -o both.svx
says err 'built anew'
says err '800 vectors'

# What a killed run leaves is no part of the index, and gc removes it.
cp m.svx.segment-2 m.svx.segment-3
cp m.svx.segment-2 m.svx.segment-4.part
expect 0 index append c.fvecs m.svx -q
[ -e m.svx.segment-4 ] || fail "a leftover was overwritten"
expect 0 index gc m.svx
says err '1 file removed'
absent m.svx.segment-3
expect 0 index verify m.svx

# Every byte of a manifest is covered.
cp m.svx kept
size=$(wc -c < m.svx)
for at in 0 9 17 25 33 37 50 64 68 72 100 160 200 300 $((size / 2)) $((size - 60)) $((size - 1)); do
    cp kept m.svx
    python3 -c "
import sys
f = open('m.svx', 'r+b'); f.seek($at); b = f.read(1); f.seek($at); f.write(bytes([b[0] ^ 4]))"
    expect 1 index info m.svx
done
head -c $((size - 8)) kept > m.svx
expect 1 index info m.svx
