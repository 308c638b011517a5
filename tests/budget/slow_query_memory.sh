#!/usr/bin/env bash
# Queries of 20 million points with the least budget, in every format: the resident set stays within 32 MiB of it, and the bytes are those of
# a large budget.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out | tail -n 1; }

make_survey s.laz "${SCREE_QUERY_POINTS:-20M}"
"$SCREE" convert s.laz s.copc.laz -q
rm s.laz
for question in '' '--where intensity>300' '--level 4' '--limit 3000000'; do
    for kind in las laz copc.laz csv ply npy count stats; do
        case $kind in
        count | stats) what="--$kind --json" ;;
        *) what="-o small.$kind --force --json" ;;
        esac
        code=0
        "$SCREE" query s.copc.laz $question $what --memory 2M -q --threads 4 > out 2> err || code=$?
        if [ $code = 3 ]; then
            need=$(sed -n 's/.*--memory \([0-9]*\)M$/\1/p' err)
            expect 0 query s.copc.laz $question $what --memory "${need}M" -q --threads 4
            [ -n "${SCREE_SANITIZE:-}" ] || [ "$(value_of peak_resident_bytes)" -le $(((need + 32) * 1048576)) ] ||
                fail "$kind '$question': resident $(value_of peak_resident_bytes) of ${need}M"
            echo "$kind '$question': ${need}M, resident $(($(value_of peak_resident_bytes) / 1048576))M"
        elif [ $code != 0 ]; then
            fail "$kind '$question': exit code $code"
        fi
        [ -e small.$kind ] || continue
        expect 0 query s.copc.laz $question -o large.$kind --force -q --memory 2G --threads 4
        cmp small.$kind large.$kind || fail "$kind '$question': another budget, another answer"
        rm small.$kind large.$kind
    done
done
echo "slow_query_memory: done"
