# SIGINT and SIGTERM while points wait on scratch, in each stage: 130, no output, nothing in the scratch folder.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 3M
mkdir tmp
for stage in INT:sample TERM:read INT:build; do
    signal=${stage%:*}
    : > err
    "$SCREE" convert survey.laz out.copc.laz --memory 96M --tmp tmp --progress json > out 2> err &
    job=$!
    for _ in $(seq 3000); do
        ! grep -q "\"${stage#*:}\"" err || break
        sleep 0.01
    done
    kill -s $signal $job 2> /dev/null || fail "stage ${stage#*:} never came"
    code=0
    wait $job || code=$?
    [ $code = 130 ] || fail "SIG$signal: exit code $code, expected 130"
    says err '^scree: interrupted'
    absent out.copc.laz
    [ -z "$(ls -A tmp)" ] || fail "left in scratch: $(ls -A tmp)"
done
