#!/usr/bin/env bash
# What x, y and z alone cost beside all fields, of real tiles: each becomes a COPC file; to NPY in memory, and as statistics; beside the codec alone.
#
# usage: bench/query_dims.sh [--repeat N] [--threads N] [--build FOLDER] FILE.laz...
# CPU seconds, user and system together, medians of turns of all four and of the program's start (a count, which decodes nothing).
# Needs build/release (cmake --build build/release --target scree_program bench_laz), or another --build; room in /dev/shm.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
repeat=5 threads=2 build=$here/build/release
while [ $# -gt 0 ]; do
    case $1 in
    --repeat) repeat=$2 ;;
    --threads) threads=$2 ;;
    --build) build=$2 ;;
    *) break ;;
    esac
    shift 2
done
work=$(mktemp -d /dev/shm/scree-dims.XXXXXX)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT='%U %S'

cpu() { # name arguments...
    local name=$1
    shift
    rm -f "$work"/o.npy
    { time "$build/scree" query "$work/tile.copc.laz" "$@" --threads "$threads" --progress none -q > "$work/out" 2> "$work/err"; } 2> "$work/time" ||
        { cat "$work/err" >&2; exit 1; }
    awk '{ printf "%.4f\n", $1 + $2 }' "$work/time" >> "$work/$name"
}
median() { sort -g "$work/$1" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }

echo "| tile | format | points | to NPY: all | x, y, z | ratio | statistics: all | x, y, z | ratio | start | codec alone, by pairs: all | x, y, z | ratio |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
for tile; do
    rm -f "$work"/*
    "$build/scree" convert "$tile" "$work/tile.copc.laz" -q --progress none 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
    for _ in $(seq "$repeat"); do
        cpu npy -o "$work/o.npy"
        cpu npy_xyz -o "$work/o.npy" --dims x,y,z
        cpu stats --stats
        cpu stats_xyz --stats --dims x,y,z
        cpu start --count
    done
    # "<file>: format F, N points, B bytes of chunks" and a line for each level: the last is the machine's best.
    "$build/bench/bench_laz" --repeat "$repeat" --jobs pairs,xyzpairs "$work/tile.copc.laz" > "$work/codec"
    awk -v name="$(basename "$tile")" -v a="$(median npy)" -v b="$(median npy_xyz)" -v c="$(median stats)" -v d="$(median stats_xyz)" -v e="$(median start)" '
        /: format/ { format = $3 + 0; points = $4 }
        / pairs / { for (i = 1; i < NF; i++) { if ($i == "pairs") all = $(i + 1); if ($i == "xyzpairs") xyz = $(i + 1) } }
        END { printf "| %s | %s | %s | %.3f | %.3f | %.2f | %.3f | %.3f | %.2f | %.3f | %.3f | %.3f | %.2f |\n", name, format, points, a, b, a / b, c, d, c / d, e,
            points / 1e6 / all, points / 1e6 / xyz, xyz / all }' "$work/codec"
done
