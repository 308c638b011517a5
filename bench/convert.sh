#!/usr/bin/env bash
# What converting costs: points per CPU second, wall time, peak memory, scratch and output, for surveys and budgets of several sizes, with the
# ratio to what decoding and encoding alone take, and beside another program if one is given.
#
# usage: bench/convert.sh [--points "10M 50M"] [--memory "512M 4G"] [--threads N] [--format F] [--tmp-compression none|lz4]
#                         [--input FOLDER] [--peer 'COMMAND'] [--work FOLDER]
# --input: a folder of LAS or LAZ files instead of made-up surveys. --peer: gets the input folder and the output's name appended.
# Needs build/release (cmake --preset release && cmake --build build/release --target scree_program bench_laz).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
scree=$here/build/release/scree
codec=$here/build/release/bench/bench_laz
points="10M" memory="512M 4G" threads=$(nproc) format=6 compression=none input= peer= work=
while [ $# -gt 0 ]; do
    case $1 in
    --points) points=$2 ;;
    --memory) memory=$2 ;;
    --threads) threads=$2 ;;
    --format) format=$2 ;;
    --tmp-compression) compression=$2 ;;
    --input) input=$2 points=given ;;
    --peer) peer=$2 ;;
    --work) work=$2 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
made=
[ -n "$work" ] || made=1 work=$(mktemp -d)
trap '[ -z "$made" ] || rm -rf "$work"' EXIT
TIMEFORMAT='%U %S %R'

value() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2" | tail -n 1; }
timed() { { time "$@" > "$work/out" 2> "$work/err"; } 2> "$work/time" || { cat "$work/err" >&2; exit 1; }; }
cpu() { awk '{print $1 + $2}' "$work/time"; }
wall() { awk '{print $3}' "$work/time"; }

echo "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $threads threads; $("$scree" --version)"
echo
echo "| points | program | budget | wall s | CPU s | M points per CPU s | x floor | cores busy | peak MiB | scratch MiB | output MB | B/point |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|"
row() { # points program budget floor peak scratch output
    awk -v n="$1" -v name="$2" -v budget="$3" -v floor="$4" -v peak="$5" -v scratch="$6" -v out="$7" -v cpu="$(cpu)" -v wall="$(wall)" 'BEGIN {
        printf "| %.1f M | %s | %s | %.1f | %.1f | %.2f | %s | %.2f | %s | %s | %.1f | %.2f |\n", n / 1e6, name, budget, wall, cpu, n / 1e6 / cpu,
            (floor > 0 ? sprintf("%.2f", cpu / floor) : "-"), cpu / wall, peak, scratch, out / 1e6, out / n }'
}
for size in $points; do
    folder=$input
    if [ -z "$folder" ]; then
        folder=$work/survey
        rm -rf "$folder"
        "$scree" synth "$folder" --points "$size" --tiles 8 --format "$format" --force -q --progress none
    fi
    "$scree" convert "$folder" "$work/o.copc.laz" --dry-run --json > "$work/plan"
    n=$(value points "$work/plan")
    # Decode once and encode once with the codec alone, on one file, scaled to all points.
    floor=0
    if [ -x "$codec" ]; then
        sample=$(find "$folder" -iname '*.laz' | sort | head -n 1)
        "$codec" --repeat 3 --jobs decode,encode "$sample" > "$work/codec"
        floor=$(awk -v n="$n" '/decode/ {for (i = 1; i < NF; i++) { if ($i == "decode") d = $(i + 1); if ($i == "encode") e = $(i + 1) }}
            END {print n / 1e6 * (1 / d + 1 / e)}' "$work/codec")
    fi
    for budget in $memory; do
        timed "$scree" convert "$folder" "$work/o.copc.laz" --force --json --progress none --threads "$threads" --memory "$budget" \
            --tmp "$work" --tmp-compression "$compression"
        row "$n" scree "$budget" "$floor" "$(($(value peak_resident_bytes "$work/out") >> 20))" "$(($(value scratch_bytes "$work/out") >> 20))" \
            "$(stat -c %s "$work/o.copc.laz")"
    done
    if [ -n "$peer" ]; then
        # shellcheck disable=SC2086
        timed $peer "$folder" "$work/peer.copc.laz"
        row "$n" peer - "$floor" - - "$(stat -c %s "$work/peer.copc.laz")"
    fi
done
