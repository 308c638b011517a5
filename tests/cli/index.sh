# scree index: builds, searches with every output and filter, evaluations, plans; mistakes; nothing is overwritten; an old index stays when a run fails.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

command -v python3 > /dev/null 2>&1 || { echo "skipped: no python3 here, which makes the vectors"; exit 77; }
python3 - << 'MADE'
import random, struct
random.seed(9)
centres = [[random.gauss(0, 3) for _ in range(24)] for _ in range(12)]
rows = [[c + random.gauss(0, 1) for c in random.choice(centres)] for _ in range(1500)]
def fvecs(name, rows):
    with open(name, 'wb') as f:
        for r in rows:
            f.write(struct.pack('<I24f', 24, *r))
fvecs('v.fvecs', rows)
fvecs('q.fvecs', rows[:20])
with open('bad.fvecs', 'wb') as f:
    f.write(open('v.fvecs', 'rb').read())
    f.write(struct.pack('<I24f', 24, *[float('nan')] * 24))
with open('tags', 'w') as f:
    f.write(''.join('%s\n' % ('even' if i % 2 == 0 else 'odd, third' if i % 3 == 0 else '') for i in range(1500)))
with open('bits', 'wb') as f:
    f.write(bytes([0b00001111] * 100))
MADE

expect 2 index
expect 0 index --help
for command in build search info verify eval plan delete; do
    says out "^  $command "
done
for command in build search info verify eval plan delete; do
    expect 0 index $command --help
    [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' out)" -le 80 ] || fail "help of index $command is wider than 80"
done
expect 2 index biuld
says err "do you mean 'build'"
expect 2 index build v.fvecs
expect 2 index build v.fvecs o.svx --bits 9
expect 2 index build v.fvecs o.svx --metric cos
expect 2 index build a=v.fvecs o.svx --bits b=3
says err "no column 'b'"
expect 2 index build svx.a=v.fvecs o.svx
says err reserved
expect 1 index build bad.fvecs o.svx
says err 'row 1500, column 0: NaN'
absent o.svx

expect 0 index build v.fvecs v.svx --tags tags --lists 16 --json
is_json out
expect 1 index build v.fvecs v.svx
says err 'exists already'
cp v.svx old.svx
expect 1 index build bad.fvecs v.svx --force
cmp -s v.svx old.svx || fail "a build that failed has touched the old index"
expect 0 index build bad.fvecs skip.svx --skip-invalid
says err '1 row left out'
expect 0 index info v.svx
says out '1,500 of 24 dimensions'
expect 0 index info v.svx --json
is_json out
expect 0 index verify v.svx

# Each query is a row of the index: it finds itself first.
expect 0 index search v.svx --query q.fvecs -k 3 --nprobe 16
awk -F '\t' '$2 == 1 && $1 != $3 { exit 1 }' out || fail "a row does not find itself"
[ "$(wc -l < out)" = 60 ] || fail "$(wc -l < out) lines"
cp out all.txt
expect 1 index search v.svx --query - --format fvecs -o all2.txt
says err 'holds no vectors'
absent all2.txt
"$SCREE" index search v.svx --query - --format fvecs -k 3 --nprobe 16 -o all2.txt < q.fvecs || fail "queries from standard input"
cmp -s all.txt all2.txt || fail "other results from standard input"
expect 1 index search v.svx --query q.fvecs -k 3 -o all2.txt
says err 'exists already'
for ending in json ivecs npy; do
    expect 0 index search v.svx --query q.fvecs -k 3 --nprobe 16 -o "r.$ending"
done
is_json r.json
python3 - << 'READ' || fail "ivecs, npy, json and text differ"
import json, struct
text = [int(l.split('\t')[2]) for l in open('all.txt')]
data = open('r.ivecs', 'rb').read()
words = struct.unpack('<%di' % (len(data) // 4), data)
assert [w for i, w in enumerate(words) if i % 4] == text and words[0] == 3
data = open('r.npy', 'rb').read()
assert b"'shape': (20, 3)" in data[:128] and list(struct.unpack('<60q', data[128:])) == text
assert [i for r in json.load(open('r.json'))['results'] for i in r['ids']] == text
READ
expect 0 index search v.svx --query q.fvecs -k 3 --nprobe 16 --tag third
awk -F '\t' '$3 % 2 == 0 || $3 % 3 != 0 { exit 1 }' out || fail "--tag third"
expect 2 index search v.svx --query q.fvecs --tag nothing
expect 0 index search v.svx --query q.fvecs --ids 100-199 --nprobe 16
awk -F '\t' '$3 < 100 || $3 > 199 { exit 1 }' out || fail "--ids"
expect 0 index search v.svx --query q.fvecs --id-bits bits --nprobe 16
awk -F '\t' '$3 % 8 > 3 || $3 >= 800 { exit 1 }' out || fail "--id-bits"
expect 2 index search v.svx
expect 2 index search v.svx --query q.fvecs -o out.unknown
expect 2 index search v.svx --query q.fvecs --column other
expect 0 index plan v.svx --query q.fvecs --nprobe 3
[ "$(grep -vc '^#' out)" = 60 ] || fail "a plan of $(grep -vc '^#' out) reads"
expect 2 index search v.svx --query q.fvecs --recall 0.9
expect 0 index eval v.svx -k 10
expect 0 index verify v.svx
expect 0 index search v.svx --query q.fvecs --recall 0.9
says out '^0	1	0	'

# Deleted ids are not found any more; the rest is. The index and its list belong together.
printf '1\n2\n\n' > gone
expect 0 index delete v.svx 0 @gone --json
is_json out
says out '"deleted":[[:space:]]*3'
expect 0 index search v.svx --query q.fvecs -k 3 --nprobe 16
awk -F '\t' '$3 < 3 { exit 1 } $2 == 1 && $1 >= 3 && $1 != $3 { exit 1 }' out || fail "deleted ids are found, or others not"
expect 0 index delete v.svx 3 0
says err '4 ids deleted'
expect 0 index verify v.svx
expect 0 index eval v.svx --dry-run
expect 2 index delete v.svx x
expect 2 index delete v.svx
mv v.svx.del kept
expect 1 index search v.svx --query q.fvecs
says err 'has deletions'
cp kept v.svx.del
printf 'x' | dd of=v.svx.del bs=1 seek=30 conv=notrunc 2> /dev/null
expect 1 index search v.svx --query q.fvecs
says err 'CRC'
cp kept skip.svx.del
expect 0 index delete skip.svx 5
cp kept skip.svx.del
expect 1 index info skip.svx
says err 'another index'
