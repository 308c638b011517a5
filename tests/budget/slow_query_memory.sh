#!/usr/bin/env bash
# Queries with the least budget, whatever the window and the format: the resident set stays within 32 MiB of it, which is a small part of the
# answer, and the bytes are those of a large budget. SCREE_QUERY_POINTS (3M): of the survey; each answer is written twice.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "${2:-out}" | tail -n 1; }

make_survey s.laz "${SCREE_QUERY_POINTS:-3M}"
"$SCREE" convert s.laz s.copc.laz --temporal-index auto -q
rm s.laz
corners=$("$SCREE" info --json s.copc.laz | tr -d ' \t\n' | sed 's/.*"min":\[\([^]]*\)\],"max":\[\([^]]*\)\].*/\1,\2/')
# part FROM TO FORMAT: so much of the extent, as `awk` prints it; numbers x0 y0 z0 x1 y1 z1
part() {
    awk -F, -v f="$1" -v t="$2" -v format="$3" '{
        for (i = 1; i <= 3; i++) { low[i] = $i + ($(i + 3) - $i) * f; high[i] = $i + ($(i + 3) - $i) * t }
        printf format, low[1], low[2], low[3], high[1], high[2], high[3] }' <<< "$corners"
}
# A star of 20,000 vertices around the middle.
awk -F, '{
    pi = atan2(0, -1); cx = ($1 + $4) / 2; cy = ($2 + $5) / 2; r = ($4 - $1) * .4
    printf "{\"type\":\"Polygon\",\"coordinates\":[["
    for (i = 0; i <= 20000; i++) {
        a = 2 * pi * (i % 20000) / 20000; d = r * (.7 + .3 * cos(40 * a))
        printf "%s[%.3f,%.3f]", (i > 0 ? "," : ""), cx + d * cos(a), cy + d * sin(a)
    }
    printf "]]}\n" }' <<< "$corners" > star.geojson
times=$("$SCREE" query s.copc.laz --dims gps_time --stats --json -q | tr -d ' \t\n' | sed 's/.*"min":\([^,]*\),"max":\([^,]*\),.*/\1 \2/' |
    awk '{ printf "%.3f,%.3f", $1 + ($2 - $1) * .3, $1 + ($2 - $1) * .6 }')

# asked WHAT...: done with $need MiB, 3, 12, 24 or what a refusal names; the document is in out
asked() {
    local code
    for need in 3 12 24; do
        code=0
        "$SCREE" query s.copc.laz "$@" --memory ${need}M --json -q --threads 4 > out 2> err || code=$?
        [ $code = 3 ] || break
    done
    if [ $code = 3 ]; then
        need=$(sed -n 's/.*--memory \([0-9]*\)M$/\1/p' err)
        [ -n "$need" ] || fail "no budget is named: $*"
        expect 0 query s.copc.laz "$@" --memory "${need}M" --json -q --threads 4
    elif [ $code != 0 ]; then
        fail "exit code $code: $*"
    fi
}

cases=0 most=0 resident=0
# judge LINE WHAT...: one question in every format; COPC, whose budget is a conversion's, in those that give the most points
judge() {
    local name=$1 kind kinds='las laz csv ply npy count stats' what line=''
    shift
    case $name in everything | time | where) kinds="$kinds copc.laz" ;; esac
    for kind in $kinds; do
        case $kind in
        count | stats) what="--$kind" ;;
        *) what="-o small.$kind --force" ;;
        esac
        asked "$@" $what
        resident=$(($(value_of peak_resident_bytes) / 1048576))
        # Sanitizers keep shadow memory of their own.
        [ -n "${SCREE_SANITIZE:-}" ] || [ $resident -le $((need + 32)) ] || fail "$kind, $name: resident ${resident}M of ${need}M"
        line="$line $kind $need ($resident)"
        cases=$((cases + 1))
        [ "$need" -le $most ] || most=$need
        points=$(value_of points_matched)
        [ "$points" -gt 1000 ] || fail "$kind, $name: $points points"
        if [ -e small.$kind ]; then
            expect 0 query s.copc.laz "$@" -o large.$kind --force -q --memory 2G --threads 4
            cmp small.$kind large.$kind || fail "$kind, $name: another budget, another answer"
            rm small.$kind large.$kind
        else
            expect 0 query s.copc.laz "$@" $what --json -q --memory 2G --threads 4
            [ "$points" = "$(value_of points_matched)" ] || fail "$kind, $name: another budget, another answer"
        fi
    done
    echo "$name, $points points, MiB and resident:$line"
}

echo "$(points_of s.copc.laz) points, $(stat -c %s s.copc.laz) bytes; $times"
judge 'everything'
judge 'bounds, a hundredth' --bounds "$(part .45 .55 '%.3f,%.3f,%.0s%.3f,%.3f')"
judge 'bounds, with heights' --bounds "$(part .2 .8 '%.3f,%.3f,%.3f,%.3f,%.3f,%.3f')"
judge 'polygon' --polygon star.geojson
judge 'circle' --circle "$(part .4 .6 '%.3f,%.3f,%.0s60')"
judge 'time' --time "$times"
judge 'level' --level 3
judge 'limit' --limit 1500000
judge 'where' --where 'intensity>300'
judge 'class, return' --class 2 --return last
[ $most -le 96 ] || fail "a query wants ${most}M"
echo "slow_query_memory: $cases cases, at most ${most}M: done"
