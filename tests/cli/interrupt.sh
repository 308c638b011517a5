# SIGINT and SIGTERM: the run ends soon with 130 and leaves no output.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 1M
for case in INT:read TERM:read INT:write TERM:write; do
    signal=${case%:*}
    : > err # of the run before
    "$SCREE" convert survey.laz out.copc.laz --threads 1 --progress json > out 2> err &
    job=$!
    # As soon as the work is under way.
    for _ in $(seq 3000); do
        ! grep -q '^{' err || [ ${case#*:} = write ] || break
        [ ! -e out.copc.laz.part ] || break
        sleep 0.01
    done
    kill -s $signal $job 2> /dev/null || true
    code=0
    wait $job || code=$?
    [ $code = 130 ] || fail "SIG$signal: exit code $code, expected 130"
    says err '^scree: interrupted'
    absent out.copc.laz
done
expect 0 convert survey.laz out.copc.laz -q

# So does one that waits for standard input, and for whoever might write to it.
mkfifo rows
exec 9<> rows
for signal in INT TERM; do
    "$SCREE" index build - out.svx --format f4 --dim 4 < rows > out 2> err &
    job=$!
    # Until it waits: its scratch is there then.
    for _ in $(seq 500); do
        ! ls -l "/proc/$job/fd" 2> /dev/null | grep -q '(deleted)' || break
        sleep 0.01
    done
    kill -s $signal $job
    code=0
    wait $job || code=$?
    [ $code = 130 ] || fail "SIG$signal while waiting for rows: exit code $code, expected 130"
    says err '^scree: interrupted'
    absent out.svx
done
exec 9>&-
