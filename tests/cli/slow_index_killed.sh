# kill -9 at any moment of an append, a merge in place, a delete and a gc: what is found is what was found before or what is found afterwards, never anything
# else, and the same command goes through then. Two writers at once: both changes are there in the end, or one is refused in words.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

command -v python3 > /dev/null 2>&1 || { echo "skipped: no python3 here, which makes the vectors"; exit 77; }
python3 - << 'MADE'
import random
random.seed(9)
kinds = [random.randbytes(64) for _ in range(30)]
def rows(name, count):
    with open(name, 'wb') as f:
        for _ in range(count):
            row = bytearray(random.choice(kinds))
            row[random.randrange(64)] = random.randrange(256)
            row[random.randrange(64)] = random.randrange(256)
            f.write(row)
rows('a.u1', 12000)
rows('b.u1', 6000)
rows('c.u1', 4000)
rows('d.u1', 60000)
rows('q.u1', 12)
MADE
"$SCREE" index build a.u1 a.svx --format u1 --dim 64 --lists 24 --rerank fp32 -q
search() { expect 0 index search "$1" --query q.u1 --format u1 --dim 64 -k 8 --nprobe 24; }

# An index of two segments, some ids deleted
mkdir start
cp a.svx start/m.svx
"$SCREE" index append b.u1 start/m.svx --format u1 -q
"$SCREE" index delete start/m.svx $(seq 0 7 11900) -q
search start/m.svx
cp out before

# wait_for_part JOB: until it writes something, or is done
wait_for_part() {
    while kill -s 0 "$1" 2> /dev/null; do
        for part in work/*.part; do
            [ ! -e "$part" ] || return 0
        done
    done
}

# killed NAME words...: `index words` on work/m.svx, killed at some moments
killed() {
    local name=$1 moment job code kills=0
    shift
    rm -rf work
    cp -r start work
    expect 0 index "$@"
    search work/m.svx
    cp out after
    for moment in 0 0.005 0.01 0.015 0.02 0.03 0.05 part part+0.003 part+0.01; do
        rm -rf work
        cp -r start work
        "$SCREE" index "$@" > out 2> err &
        job=$!
        [ "${moment#part}" = "$moment" ] || wait_for_part $job
        moment=${moment#part}
        sleep "${moment#+}0"
        kill -s KILL $job 2> /dev/null || true
        code=0
        wait $job 2> /dev/null || code=$?
        [ "$code" != 137 ] || kills=$((kills + 1))
        search work/m.svx
        if ! cmp -s out after; then
            cmp -s out before || fail "$name, killed after $moment s: neither what was before nor what comes after"
            expect 0 index "$@"
            search work/m.svx
            cmp -s out after || fail "$name, killed after $moment s: the next run gives something else"
        fi
        expect 0 index gc work/m.svx
        [ -z "$(ls work | grep -E '\.part$')" ] || fail "$name: left behind after gc: $(ls work)"
        expect 0 index verify work/m.svx
    done
    echo "$name: killed $kills times"
    [ $kills -ge 3 ] || fail "$name was hardly ever met at work"
}
killed append append c.u1 work/m.svx --format u1
killed merge merge work/m.svx -o work/m.svx --force -q
killed retrain merge work/m.svx -o work/m.svx --force --retrain --lists 20 -q
killed delete delete work/m.svx 1 2 3 14000 -q
killed gc gc work/m.svx

# A writer that is halted while it works; another one comes.
halted() {
    "$SCREE" index "$@" > first.out 2> first.err &
    job=$!
    wait_for_part $job
    kill -s STOP $job 2> /dev/null || fail "index $* was not met while it wrote"
}
vectors() { "$SCREE" index info work/m.svx --json | tr -d ' \t' | sed -n 's/^"vectors":\([0-9]*\),*$/\1/p' | head -n 1; }

for second in 'append c.u1 work/m.svx --format u1 -q' 'delete work/m.svx 1 2 3' 'gc work/m.svx' 'merge work/m.svx -o work/m.svx --force -q'; do
    rm -rf work
    cp -r start work
    halted append d.u1 work/m.svx --format u1
    code=0
    "$SCREE" index $second > out 2> err || code=$?
    [ "$code" = 0 ] || { [ "$code" = 1 ] && grep -qE 'another run (is writing|writes)' err; } || fail "two writers, $second: exit code $code"
    kill -s CONT $job
    first=0
    wait $job || first=$?
    [ "$first" = 0 ] || { [ "$first" = 1 ] && grep -qE 'changed|another run' first.err; } || fail "two writers, $second: $(cat first.err)"
    [ "$first" = 0 ] || [ "$code" = 0 ] || fail "two writers, $second: both were refused"
    expected=18000
    [ "$first" != 0 ] || expected=$((expected + 60000))
    case $code$second in 0append*) expected=$((expected + 4000)) ;; esac
    echo "append and $second: exit codes $first and $code, $(vectors) vectors"
    case $second in
        merge*) ;;
        *) [ "$(vectors)" = $expected ] || fail "two writers, $second: $(vectors) vectors, expected $expected" ;;
    esac
    expect 0 index verify work/m.svx
    search work/m.svx
    case $code$second in
        0delete*) awk -F '\t' '$3 >= 1 && $3 <= 3 { exit 1 }' out || fail "a delete beside an append is lost" ;;
    esac
done
