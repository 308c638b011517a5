# Points where they are hard on a search: all at one place, in one cell, above one another, a quarter at one place, nearly all in one block, fewer than k. Core features with
# heights within 64 MiB are those of a run in memory, and take no more than a few times the CPU time of a survey of as many points.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"
export SOURCE_DATE_EPOCH=1700000000

points=1300000
# CPU time of all programs so far, into `ms`: not in a subshell, which has children of its own.
take_ms() {
    local minutes seconds thousandths rest
    times > spent
    read -r minutes seconds thousandths rest <<< "$(sed -n '2s/[ms.]/ /gp' spent)"
    ms=$((minutes * 60000 + 10#$seconds * 1000 + 10#$thousandths))
}

run_both() { # name
    local memory
    for memory in $PLENTY 64M; do
        timed 0 enrich "$1.laz" "out$memory.laz" --neighbors none --json -q --force --threads 2 --memory $memory --tmp scratch
        row "$1" 2 $memory done
        within "$1, $memory" "$(bytes_of $memory)"
        [ -z "$(ls -A scratch)" ] || fail "$1, $memory: left in scratch: $(ls -A scratch)"
    done
    [ "$1" = few ] || [ "$(value_of scratch_bytes)" -gt 0 ] || fail "$1: 64M hold all points"
    cmp -s "out$PLENTY.laz" out64M.laz || fail "$1: other bytes through scratch"
}

make_survey survey.laz $points
take_ms
begin=$ms
run_both survey
take_ms
usual=$((ms - begin))
for kind in coincident one-cell column pile block; do
    "$MAKE_ADVERSARY" $kind $points $kind.laz
    take_ms
    begin=$ms
    run_both $kind
    take_ms
    spent=$((ms - begin))
    echo "$kind: $spent ms of CPU time, a survey $usual"
    [ -n "${SCREE_SANITIZE:-}" ] || [ $spent -le $((4 * usual)) ] || fail "$kind: $spent ms of CPU time, a survey of as many points $usual"
    rm $kind.laz
done
"$MAKE_ADVERSARY" column 15 few.laz
run_both few
