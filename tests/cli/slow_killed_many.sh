# kill -9 at 50 moments, in memory and through scratch: the old output stays as it was, scratch is empty, only the .part file may be left,
# and the next run replaces it. SEED picks the moments.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

RANDOM=${SEED:-20240229}
make_survey survey.laz 3M
expect 0 convert survey.laz whole.copc.laz -q
mkdir work tmp
for memory in 1G 96M; do
    began=$(date +%s%3N)
    expect 0 convert survey.laz work/out.copc.laz --memory $memory --tmp tmp --force -q
    took=$(($(date +%s%3N) - began))
    cmp -s work/out.copc.laz whole.copc.laz || fail "--memory $memory gave other bytes"
    killed=0
    # A run that is done before its moment comes says that moments are to be earlier: the machine has less to do than it had.
    for _ in $(seq 100); do
        [ $killed -lt 25 ] || break
        # Every other time there is no output yet, which is then linked instead of renamed.
        rm -f work/out.copc.laz
        [ $((RANDOM % 2)) = 0 ] || echo "what was there before" > work/out.copc.laz
        cp work/out.copc.laz before 2> /dev/null || rm -f before
        moment=$((RANDOM * (took + took / 20) / 32768))
        "$SCREE" convert survey.laz work/out.copc.laz --memory $memory --tmp tmp --force -q > out 2> err &
        job=$!
        sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
        kill -s KILL $job 2> /dev/null || true
        code=0
        wait $job 2> /dev/null || code=$?
        [ $code = 137 ] || [ $code = 0 ] || fail "killed after $moment ms: exit code $code"
        [ $code = 0 ] || killed=$((killed + 1))
        [ $code != 0 ] || [ $moment -ge $took ] || took=$moment
        [ -z "$(ls -A tmp)" ] || fail "killed after $moment ms: left in scratch: $(ls -A tmp)"
        [ "$(ls -A work | grep -cvE '^out\.copc\.laz(\.part)?$')" = 0 ] || fail "left behind: $(ls -A work)"
        if [ $code = 0 ] || cmp -s work/out.copc.laz whole.copc.laz; then
            cmp -s work/out.copc.laz whole.copc.laz || fail "done after $moment ms, with other bytes"
        elif [ -e before ]; then
            cmp -s work/out.copc.laz before || fail "killed after $moment ms: the output was touched"
        else
            [ ! -e work/out.copc.laz ] || fail "killed after $moment ms: half an output"
        fi
    done
    [ $killed = 25 ] || fail "only $killed runs of 100 were killed"
    expect 0 convert survey.laz work/out.copc.laz --memory $memory --tmp tmp --force -q
    cmp -s work/out.copc.laz whole.copc.laz || fail "the run after the killed ones gave other bytes"
    [ "$(ls -A work)" = out.copc.laz ] || fail "left behind: $(ls -A work)"
done
