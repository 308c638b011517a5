#!/usr/bin/env bash
# Real files of every version and format (SCREE_TEST_DATA/lidar and /copc, one at a time) become COPC files that independent decoders agree on
# and that hold the very points of their input. Prints a line for each file, and at the end how many were judged by what.
set -u
here=$SCREE_SOURCE_DIR/tests/oracle
. "$here/_node.sh"
need_node
for folder in lidar copc; do
    [ -d "${SCREE_TEST_DATA:-}/$folder" ] || { echo "skipped: SCREE_TEST_DATA names no folder with sample files in $folder/"; exit 77; }
done

# Files that convert refuses, and what the message has to say.
declare -A refused=(
    [no-points.las]='no points'
    [no-points-1.3.las]='no points'
    [no-points-1.3.laz]='no points'
    [test_data_empty.las]='no points'
)

# Several scanner channels in a chunk with extra bytes: see judge.sh.
declare -A without_lazrs=()
for name in 10_points_with_extra_bytes_format_{6,7,8,9}.las pdrf6-1.4.la{s,z} pdrf7-v4-1.4.la{s,z} pdrf8-1.4.la{s,z}; do
    without_lazrs[$name]=--without-laz-rs
done

# LAZ files of kinds that the independent decoders do not read (formats 4, 5, 9, 10, compressor 1, item version 4): the same points are
# there uncompressed, or the points cannot be judged.
declare -A twin=(
    [10_points_format_4.laz]=10_points_format_4.las
    [10_points_format_5.laz]=10_points_format_5.las
    [pdrf4-1.3.laz]=pdrf4-1.3.las
    [pdrf5-1.3.laz]=pdrf5-1.3.las
    [pdrf7-v4-1.4.laz]=pdrf7-v4-1.4.las
    [pdrf9-1.4.laz]=pdrf9-1.4.las
    [pdrf10-1.4.laz]=pdrf10-1.4.las
    [point-version-1-point-wise.laz]=point-version-1-point-wise.las
)
declare -A unreadable=([TO_core_last_zoom.laz]=1 [fullwave.laz]=1 [fwf.laz]=1)

judged=0 by_twin=0 points_not_judged=0 refusals=0 faults=0
fail() {
    echo "FAIL $1: $2"
    faults=$((faults + 1))
}

for input in "$SCREE_TEST_DATA"/{lidar,copc}/*.[lL][aA][sSzZ]; do
    name=$(basename "$input")
    rm -f out.copc.laz message
    if ! "$SCREE" convert "$input" out.copc.laz --progress none -q 2> message; then
        if [ -z "${refused[$name]:-}" ]; then
            fail "$name" "$(cat message)"
        elif ! grep -qE "${refused[$name]}" message; then
            fail "$name" "refused, but not for ${refused[$name]}: $(cat message)"
        elif [ -e out.copc.laz ]; then
            fail "$name" "refused, but an output was left behind"
        else
            echo "refused $name: $(tail -n 1 message)"
            refusals=$((refusals + 1))
        fi
        continue
    fi
    [ -z "${refused[$name]:-}" ] || { fail "$name" "converted, though the table says refused"; continue; }
    bash "$here/judge.sh" --tolerate-returns ${without_lazrs[$name]:-} out.copc.laz > verdict 2>&1 || { fail "$name" "$(cat verdict)"; continue; }

    node "$here/same-points.mjs" out.copc.laz "$input" > same 2>&1
    case $? in
    0) judged=$((judged + 1)) ;;
    3)
        if [ -n "${twin[$name]:-}" ]; then
            node "$here/same-points.mjs" out.copc.laz "$SCREE_TEST_DATA/lidar/${twin[$name]}" > same 2>&1 || { fail "$name" "$(cat same)"; continue; }
            by_twin=$((by_twin + 1))
        elif [ -n "${unreadable[$name]:-}" ]; then
            points_not_judged=$((points_not_judged + 1))
        else
            fail "$name" "$(cat same)"
            continue
        fi
        ;;
    *) fail "$name" "$(cat same)"; continue ;;
    esac
    echo "ok $name: $(sed 's/.*copc.laz: //' verdict)"
done
echo "points judged: $judged, by an uncompressed twin: $by_twin, not readable by an independent decoder: $points_not_judged," \
    "refused as expected: $refusals, failures: $faults"
[ $faults = 0 ]
