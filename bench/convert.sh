#!/usr/bin/env bash
# What converting costs: points per CPU second, wall time, peak memory, scratch and output, for surveys and budgets of several sizes, with the
# ratio to what decoding and encoding alone take, and beside other programs if some are given. Programs and budgets take turns; of each the run
# with the least CPU time is shown.
#
# usage: bench/convert.sh [--points "10M 50M"] [--format F] [--input "PATH..."]... [--memory "512M 4G"] [--threads N] [--repeat N]
#                         [--tmp-compression none|lz4] [--scree PROGRAM] [--peer 'COMMAND'] [--work FOLDER]
# --input: LAS or LAZ files or folders instead of made-up surveys; may be repeated, each is a conversion of its own. --scree: another build
# of scree to run beside this one. --peer: gets the inputs (one folder where they are several files) and the output's name appended.
# cores: CPU time by wall time; wanted: the same with the time that its threads waited for a core, which is what counts on a machine that is
# shared. floor: the codec alone decodes the inputs (16 MB of them) as they are, one or two chunks at a time, whichever is faster, and
# encodes them in the output's format, in their own order; nodes: encodes the output's nodes (of outputs up to 300 MB), as they have to be.
# Needs build/release (cmake --preset release && cmake --build build/release --target scree_program bench_laz).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
scree=$here/build/release/scree
codec=$here/build/release/bench/bench_laz
points="10M" memory="512M 4G" threads=$(nproc) format=6 compression=none repeat=3 other='' peer='' work=''
inputs=()
while [ $# -gt 0 ]; do
    case $1 in
    --points) points=$2 ;;
    --format) format=$2 ;;
    --input) inputs+=("$2") points= ;;
    --memory) memory=$2 ;;
    --threads) threads=$2 ;;
    --repeat) repeat=$2 ;;
    --tmp-compression) compression=$2 ;;
    --scree) other=$2 ;;
    --peer) peer=$2 ;;
    --work) work=$2 ;;
    *) sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
made=
[ -n "$work" ] || made=1 work=$(mktemp -d)
trap '[ -z "$made" ] || rm -rf "$work"' EXIT

value() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2" | tail -n 1; }

# Seconds of the children so far: the second line of bash's times, which must not be asked in a subshell.
children() {
    times > "$work/times"
    seconds=$(awk 'NR == 2 {gsub(/[ms]/, " "); print $1 * 60 + $2 + $3 * 60 + $4}' "$work/times")
}

# Runs a command and looks at it ten times a second: cpu, wall, waited (for a core) and peak (KiB).
sleeping=$work/sleeping
mkfifo "$sleeping"
exec 9<> "$sleeping"
watched() {
    local pid before start line run wait rest
    local -A waits=()
    children
    before=$seconds start=$EPOCHREALTIME peak=0 waited=0
    "$@" > "$work/out" 2> "$work/err" &
    pid=$!
    while kill -0 "$pid" 2> /dev/null && [ -e "/proc/$pid/status" ]; do
        { while read -r line rest; do
            if [ "$line" = VmHWM: ]; then peak=${rest% kB}; fi
        done < "/proc/$pid/status"; } 2> /dev/null || true
        for task in "/proc/$pid/task"/*; do
            { if read -r run wait rest < "$task/schedstat"; then waits[${task##*/}]=$wait; fi; } 2> /dev/null || true
        done
        read -r -t 0.1 -u 9 line || true
        { read -r line < "/proc/$pid/stat"; } 2> /dev/null || break
        line=${line##*) }
        [ "${line%% *}" != Z ] || break
    done
    wait "$pid" || { cat "$work/err" >&2; exit 1; }
    wall=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')
    children
    cpu=$(awk -v a="$before" -v b="$seconds" 'BEGIN {print b - a}')
    for wait in "${waits[@]}"; do waited=$((waited + wait)); done
}

# Seconds that the codec takes for the faster of some jobs, of all files, by the last (fastest) level of instructions, and their points.
codec_seconds() { # jobs, their output
    awk -v jobs=",$1," '
        / points, / { sum += seconds; seconds = 0; match($0, /[0-9]+ points/); points = substr($0, RSTART, RLENGTH - 7); all += points }
        / M\/s/ {
            rate = 0
            for (i = 1; i < NF; i++) if (index(jobs, "," $i ",") && $(i + 1) + 0 > rate) rate = $(i + 1) + 0
            if (rate > 0) seconds = points / 1e6 / rate
        }
        END { print sum + seconds, all }' "$2"
}

# Decode once and encode once with the codec alone, one thread; the files speak for all points.
floor_of() { # points, output format, files...
    local n=$1 as=$2 decode encode
    shift 2
    if [ ! -x "$codec" ] || [ $# -eq 0 ]; then echo 0 0; return; fi
    "$codec" --repeat 3 --jobs decode,pairs "$@" > "$work/decode"
    "$codec" --repeat 3 --jobs encode --as "$as" "$@" > "$work/encode"
    decode=$(codec_seconds decode,pairs "$work/decode") encode=$(codec_seconds encode "$work/encode")
    awk -v n="$n" -v d="$decode" -v e="$encode" 'BEGIN {
        split(d, a); split(e, b); f = a[2] > 0 ? n / a[2] : 0; print (a[1] + b[1]) * f, a[1] * f}'
}

# The same with the nodes of the output.
floor_of_nodes() { # seconds of decoding, output
    if [ "$1" = 0 ] || [ "$(stat -c %s "$2")" -gt 300000000 ]; then echo 0; return; fi
    "$codec" --repeat 2 --jobs encode "$2" > "$work/encode"
    awk -v d="$1" -v e="$(codec_seconds encode "$work/encode")" 'BEGIN {split(e, b); print d + b[1]}'
}

row() { # points program budget floor floor-of-nodes best-line output
    read -r best_cpu best_wall best_waited best_peak best_scratch <<< "$6"
    awk -v n="$1" -v name="$2" -v budget="$3" -v floor="$4" -v nodes="$5" -v cpu="$best_cpu" -v wall="$best_wall" -v waited="$best_waited" \
        -v peak="$best_peak" -v scratch="$best_scratch" -v out="$7" '
        function times(floor) { return floor > 0 ? sprintf("%.2f", cpu / floor) : "-" }
        BEGIN {
        printf "| %.1f M | %s | %s | %.1f | %.2f | %.2f | %s | %s | %.2f | %.2f | %.0f | %s | %.1f | %.2f |\n", n / 1e6, name, budget, wall, cpu,
            n / 1e6 / cpu, times(floor), times(nodes), cpu / wall, (cpu + waited / 1e9) / wall, peak / 1024, scratch,
            out / 1e6, out / n }'
}

bench() { # name, paths...
    local paths n as floor decode nodes='' runs=() run name budget line
    paths=("$@")
    "$scree" convert "${paths[@]}" "$work/o.copc.laz" --dry-run --json > "$work/plan"
    n=$(value points "$work/plan") as=$(value point_format "$work/plan")
    # Some files speak for all: the first ones, up to 16 MB.
    mapfile -t files < <(find "${paths[@]}" -iname '*.laz' -size +0 -printf '%s %p\n' | sort -k 2 |
        awk '{sum += $1; sub(/^[0-9]+ /, "")} NR == 1 || sum <= 16e6')
    read -r floor decode <<< "$(floor_of "$n" "$as" "${files[@]}")"
    for budget in $memory; do
        runs+=("scree $budget")
        [ -z "$other" ] || runs+=("other $budget")
    done
    [ -z "$peer" ] || runs+=("peer -")
    local -A best=() sizes=()
    for ((r = 0; r < repeat; r++)); do
        for run in "${runs[@]}"; do
            read -r name budget <<< "$run"
            if [ "$name" = peer ]; then
                # shellcheck disable=SC2086
                watched $peer "${paths[@]}" "$work/o.copc.laz"
                line="$cpu $wall $waited $peak -"
            else
                local program=$scree
                [ "$name" = scree ] || program=$other
                watched "$program" convert "${paths[@]}" "$work/o.copc.laz" --force --json --progress none --threads "$threads" \
                    --memory "$budget" --tmp "$work" --tmp-compression "$compression"
                line="$cpu $wall $waited $(($(value peak_resident_bytes "$work/out") >> 10)) $(($(value scratch_bytes "$work/out") >> 20))"
            fi
            [ "$name" != scree ] || [ -n "$nodes" ] || nodes=$(floor_of_nodes "$decode" "$work/o.copc.laz")
            sizes[$run]=$(stat -c %s "$work/o.copc.laz")
            if [ -z "${best[$run]:-}" ] || awk -v a="$cpu" -v b="${best[$run]%% *}" 'BEGIN {exit !(a < b)}'; then best[$run]=$line; fi
            rm -f "$work/o.copc.laz"
        done
    done
    for run in "${runs[@]}"; do
        read -r name budget <<< "$run"
        row "$n" "$name" "$budget" "$floor" "$nodes" "${best[$run]}" "${sizes[$run]}"
    done
}

echo "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $threads threads; $("$scree" --version)"
echo
echo "| points | program | budget | wall s | CPU s | M points per CPU s | x floor | x nodes | cores | wanted | peak MiB | scratch MiB | output MB | B/point |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
for size in $points; do
    rm -rf "$work/survey"
    "$scree" synth "$work/survey" --points "$size" --tiles 8 --format "$format" -q --progress none
    bench "$work/survey"
    rm -rf "$work/survey"
done
for input in ${inputs[@]+"${inputs[@]}"}; do
    # shellcheck disable=SC2086
    bench $input
done
