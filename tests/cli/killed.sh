# kill -9 at any moment: an output that was there stays as it was, nothing but the unfinished .part file is left, and the next run replaces
# it. Two runs on one output at once: the second is refused.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 600K
expect 0 convert survey.laz whole.copc.laz -q
mkdir work
echo "what was there before" > work/out.copc.laz
# "part": as soon as the output is being written, however busy the machine is.
for moment in 0.02 0.1 0.2 0.4 part part+0.02 part+0.05 part+0.1; do
    "$SCREE" convert survey.laz work/out.copc.laz --force -q > out 2> err &
    job=$!
    for _ in $(seq 3000); do
        [ "${moment#part}" != "$moment" ] && [ ! -s work/out.copc.laz.part ] && kill -s 0 $job 2> /dev/null || break
        sleep 0.01
    done
    moment=${moment#part}
    sleep "${moment#+}0"
    kill -s KILL $job 2> /dev/null || true
    wait $job 2> /dev/null || true
    [ -e work/out.copc.laz ] || fail "killed: the output is gone"
    [ "$(ls -A work | grep -cvE '^out\.copc\.laz(\.part)?$')" = 0 ] || fail "left behind: $(ls -A work)"
    if ! cmp -s work/out.copc.laz whole.copc.laz; then
        [ "$(cat work/out.copc.laz)" = "what was there before" ] || fail "killed after $moment s: the output was touched"
    fi
    rm -f work/out.copc.laz.part
done
echo "half an output" > work/out.copc.laz.part
expect 0 convert survey.laz work/out.copc.laz --force -q
cmp -s work/out.copc.laz whole.copc.laz || fail "the run after the killed ones gave other bytes"
absent_part() { [ ! -e "$1.part" ] || fail "$1.part is there"; }
absent_part work/out.copc.laz

# Two runs on one output at once: the first is halted while it writes, the second is refused, and the first then ends as if nothing had been.
rm -f work/out.copc.laz
"$SCREE" convert survey.laz work/out.copc.laz -q > first.out 2> first.err &
job=$!
for _ in $(seq 3000); do
    [ ! -s work/out.copc.laz.part ] || break
    sleep 0.01
done
kill -s STOP $job
[ -s work/out.copc.laz.part ] || fail "the first of two runs was not met while it wrote"
expect 1 convert survey.laz work/out.copc.laz --force -q
says err 'work/out.copc.laz.*another run is writing'
kill -s CONT $job
wait $job || fail "the first of two runs: $(cat first.err)"
cmp -s work/out.copc.laz whole.copc.laz || fail "the first of two runs gave other bytes"
absent_part work/out.copc.laz

# Whoever holds the .part file is writing the output.
if command -v flock > /dev/null 2>&1; then
    : > work/held.copc.laz.part
    (exec 9< work/held.copc.laz.part && flock -x 9 && touch work/locked && sleep 5) &
    holder=$!
    for _ in $(seq 200); do
        [ ! -e work/locked ] || break
        sleep 0.01
    done
    expect 1 convert survey.laz work/held.copc.laz -q
    says err 'another run is writing'
    kill $holder 2> /dev/null || true
    wait $holder 2> /dev/null || true
fi
