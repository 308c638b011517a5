#!/usr/bin/env bash
# What a query costs: CPU seconds, wall time, bytes and requests of a window of about a hundredth of a survey, of a whole scan, of coordinates
# alone, beside the codec's own speed and, where Node and the oracles' packages are there, beside copc.js.
#
# usage: bench/query.sh [--points 20M] [--format F] [--threads N] [--repeat N] [--build FOLDER] [--work FOLDER] [--latency MS]
# --latency: of the HTTP server that the window is fetched from, too (50; needs Node): wall time and bytes over the wire, also those beside the nodes.
# Needs build/release (cmake --preset release && cmake --build build/release --target scree_program bench_laz bench_query), or another --build.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
points=20M format=6 threads=$(nproc) repeat=3 build=$here/build/release work= latency=50
while [ $# -gt 0 ]; do
    case $1 in
    --points) points=$2 ;;
    --format) format=$2 ;;
    --threads) threads=$2 ;;
    --repeat) repeat=$2 ;;
    --build) build=$2 ;;
    --work) work=$2 ;;
    --latency) latency=$2 ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
scree=$build/scree codec=$build/bench/bench_laz
made=
[ -n "$work" ] || made=1 work=$(mktemp -d)
trap '[ -z "$made" ] || rm -rf "$work"' EXIT
TIMEFORMAT='%U %S %R'
file=$work/city.copc.laz
if [ ! -s "$file" ]; then
    "$scree" synth "$work/survey.laz" --points "$points" --format "$format" --force -q --progress none
    "$scree" convert "$work/survey.laz" "$file" --force -q --progress none
    rm "$work/survey.laz"
fi

value() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$work/out" | tail -n 1; }
# The least of several runs: others on the machine only add.
measure() { # name command...
    local name=$1 best=
    shift
    for _ in $(seq "$repeat"); do
        rm -f "$work"/o.* # to free what was there before is not part of a run
        { time "$@" > "$work/out" 2> "$work/err"; } 2> "$work/time" || { cat "$work/err" >&2; exit 1; }
        best=$(awk -v best="$best" '{c = $1 + $2; split(best, b); if (best == "" || c < b[1]) print c, $3; else print best}' "$work/time")
    done
    awk -v name="$name" -v t="$best" -v points="$(value points_matched)" -v bytes="$(value bytes_read)" -v requests="$(value requests)" 'BEGIN {
        split(t, s); printf "| %s | %s | %.1f | %s | %.3f | %.3f | %.2f |\n", name, points == "" ? "-" : points, bytes / 1e6, requests == "" ? "-" : requests, s[1], s[2],
            (points > 0 ? points / 1e6 / s[1] : 0)}'
}
query() { "$scree" query "$@" --threads "$threads" --progress none --json -q; }

# A tenth of the extent each way around the middle.
window=$("$scree" info --json "$file" | tr -d ' \t\n' | sed 's/.*"min":\[\([^]]*\)\],"max":\[\([^]]*\)\].*/\1,\2/' | awk -F, '{
    printf "%.3f,%.3f,%.3f,%.3f", $1 + ($4 - $1) * .45, $2 + ($5 - $2) * .45, $1 + ($4 - $1) * .55, $2 + ($5 - $2) * .55}')
echo "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $threads threads; $("$scree" --version); $(stat -Lc %s "$file") bytes"
echo
echo "| what | points | MB read | requests | CPU s | wall s | M points per CPU s |"
echo "|---|---|---|---|---|---|---|"
measure "window, all fields to LAS" query "$file" --bounds "$window" -o "$work/o.las" --force
measure "window, count" query "$file" --bounds "$window" --count
measure "window, levels 0 and 1" query "$file" --bounds "$window" --level 1 -o "$work/o.las" --force
measure "whole, field filter, count" query "$file" --where 'intensity > 0' --count
measure "whole, to LAS" query "$file" -o "$work/o.las" --force
measure "whole, all fields to NPY" query "$file" -o "$work/o.npy" --force
measure "whole, x y z to NPY" query "$file" --dims x,y,z -o "$work/o.npy" --force
measure "whole, to LAZ" query "$file" -o "$work/o.laz" --force
if [ -d "$here/tests/oracle/node_modules/copc" ] && command -v node > /dev/null; then
    ln -sfn "$here/tests/oracle/node_modules" "$work/node_modules"
    cp "$here/bench/query_copcjs.mjs" "$work/"
    measure "window, copc.js" node "$work/query_copcjs.mjs" "$file" "$window"
    node_bytes=$(value bytes_read)
    port=$(shuf -i 20000-32000 -n 1)
    node "$here/bench/range_server.mjs" "$work" "$port" "$latency" > "$work/server" &
    server=$!
    trap 'kill $server; [ -z "$made" ] || rm -rf "$work"' EXIT
    until grep -q ready "$work/server"; do sleep 0.1; done
    url=http://127.0.0.1:$port
    counts() { curl -s "$url/-/counts" | sed 's/[^0-9,]//g; s/,/ /'; }
    # One run each for the counts, then those that are timed.
    wire() { # name command...
        local name=$1 requests bytes
        shift
        counts > /dev/null
        "$@" > "$work/out" 2> "$work/err"
        read -r requests bytes <<< "$(counts)"
        echo "over the wire, $name: $requests requests, $bytes bytes, $((bytes - node_bytes)) of them beside the nodes" >> "$work/wire"
        measure "window, $latency ms away, $name" "$@"
    }
    : > "$work/wire"
    wire scree query "$url/city.copc.laz" --bounds "$window" -o "$work/o.las" --force
    wire copc.js node "$work/query_copcjs.mjs" "$url/city.copc.laz" "$window"
    echo
    cat "$work/wire"
else
    echo
    echo "copc.js: skipped, Node or tests/oracle/node_modules is not there"
fi
if [ -x "$codec" ]; then
    echo
    "$codec" --repeat "$repeat" --jobs pairs,xyzpairs "$file"
fi
if [ -x "$build/bench/bench_query" ]; then
    echo
    "$build/bench/bench_query" --repeat "$repeat" --threads "$threads" "$file"
    "$build/bench/bench_query" --repeat "$repeat" --threads "$threads" --dims x,y,z "$file"
fi
