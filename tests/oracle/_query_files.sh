# Part of the scripts that let `scree query in -o out` convert sample files there and back: query_files BYTES, those up to that size.
here=$SCREE_SOURCE_DIR/tests/oracle
. "$here/_node.sh"

# LAZ that the independent decoder does not read, and the same points uncompressed.
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

convert_one() { # INPUT NAME
    local name=$2
    if ! "$SCREE" query "$1" -o "$name.1.las" --progress none -q 2> message ||
        ! "$SCREE" query "$1" -o "$name.2.laz" --progress none -q 2> message ||
        ! "$SCREE" query "$name.2.laz" -o "$name.3.las" --progress none -q 2> message; then
        echo "FAIL $name: $(cat message)"
        return 1
    fi
    printf '%s\t%s\t%s\t%s\t%s' "$name" "$1" "$name.1.las" "$name.2.laz" "$name.3.las" >> list
    [ -z "${twin[$name]:-}" ] || printf '\t%s' "$SCREE_TEST_DATA/lidar/${twin[$name]}" >> list
    echo >> list
}

query_files() {
    local input folder failed=0
    need_node
    for folder in lidar copc; do
        [ -d "${SCREE_TEST_DATA:-}/$folder" ] || { echo "skipped: SCREE_TEST_DATA names no folder with sample files in $folder/"; exit 77; }
    done
    : > list
    for input in "$SCREE_TEST_DATA"/{lidar,copc}/*.[lL][aA][sSzZ]; do
        [ "$(stat -Lc %s "$input")" -gt "$1" ] || convert_one "$input" "$(basename "$input")" || failed=1
    done
    [ "$(wc -l < list)" -gt 60 ] || { echo "FAIL: only $(wc -l < list) files"; failed=1; }
    node "$here/same-files.mjs" < list || failed=1
    exit $failed
}
