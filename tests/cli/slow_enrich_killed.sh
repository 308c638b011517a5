# scree enrich, a folder: killed at 20 random moments, each time gone on with: the same bytes as without, reports and maps too, and nothing of a killed run that looks done.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
export SOURCE_DATE_EPOCH=1700000000

make_survey in 400K --tiles 9 --format 6
mkdir -p in/more scratch
make_survey in/more/x.las 30K --format 3 --seed 4
expect 0 convert in/tile_0_0.laz in/more/o.copc.laz -q
echo '{}' > in/more/x.json
way="--mode building --threads 2 --memory 64M --tmp scratch -q"

# same FOLDER: what lies there under its name is what a whole run has made
same() {
    local file
    (cd "$1" && find . -type f ! -name '*.part' ! -name .scree-enrich.jsonl) > names
    while read -r file; do
        cmp "$1/$file" "whole/$file" || return 1
    done < names
}

begin=$(date +%s%N)
# shellcheck disable=SC2086
expect 0 enrich in whole $way
length=$((($(date +%s%N) - begin) / 1000000))
(cd whole && find . -type f ! -name .scree-enrich.jsonl | sort) > expected
[ "$(grep -c 'enrich.png' expected)" = 11 ] || fail "$(grep -c 'enrich.png' expected) maps of 11"
killed=0
for turn in $(seq 20); do
    moment=$(((RANDOM * 32768 + RANDOM) % length))
    # shellcheck disable=SC2086
    "$SCREE" enrich in stopped $way > out 2> err &
    job=$!
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    ! kill -s KILL $job 2> /dev/null || killed=$((killed + 1))
    wait $job 2> /dev/null || true
    [ ! -d stopped ] || same stopped || fail "turn $turn, killed after $moment of $length ms: other bytes under a name"
    [ -z "$(ls -A scratch)" ] || fail "turn $turn, killed after $moment ms: left in scratch: $(ls -A scratch)"
    # shellcheck disable=SC2086
    expect 0 enrich in stopped $way
    (cd stopped && find . -type f ! -name .scree-enrich.jsonl | sort) > found
    cmp expected found || fail "turn $turn, gone on with after $moment ms: other files"
    same stopped || fail "turn $turn, gone on with after $moment ms: other bytes"
    rm -r stopped
done
[ $killed -ge 15 ] || fail "only $killed of 20 runs were killed before they ended"
echo "$killed of 20 runs were killed within $length ms"
