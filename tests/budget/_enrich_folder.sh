# Part of enrich_folder.sh and slow_enrich_folder.sh: $files small files of $points points in folders five deep, with spaces and letters of other scripts in their names. One run with few open
# files and the least budget, in the memory that the dry run says; the same tree; then nothing is left to do.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"
export SOURCE_DATE_EPOCH=1700000000

# mib WORDS: bytes of "WORDS 12.3 MiB" in the last line of a summary
mib() { sed -n "s/.*$1 \([0-9.]*\) MiB.*/\1/p" err | tail -n 1 | awk '{ printf "%d", $1 * 1048576 }'; }

# enriched_folder IN OUT FILES: its peak resident set into `resident`. Without --json, whose document has all files at once.
enriched_folder() {
    expect 0 enrich "$1" "$2" --json -q --dry-run --memory 64M --threads 2
    is_json out
    local planned=$(value_of memory_bytes) bytes=$(value_of planned_output_bytes)
    [ "$(value_of files)" = "$3" ] || fail "$1: the dry run sees $(value_of files) files of $3"
    [ "$(value_of done)" = "$3" ] || fail "$1: the dry run would do $(value_of done) files of $3"
    [ ! -e "$2" ] || fail "a dry run made $2"
    (ulimit -n 48 && expect 0 enrich "$1" "$2" --memory 64M --threads 2 --tmp scratch) || exit 1
    tr -d , < err | grep -q "^$3 files: $3 done 0 skipped 0 failed" || fail "$1: not all of $3 files are done"
    [ -z "$(ls -A scratch)" ] || fail "$1: left in scratch: $(ls -A scratch)"
    local peak=$(mib 'memory   peak') written
    resident=$(mib 'peak resident')
    [ "$peak" -gt 0 ] && [ "$resident" -gt 0 ] || fail "$1: the summary does not say the peaks"
    [ -n "${SCREE_SANITIZE:-}" ] || [ "$resident" -le $(($(bytes_of 64M) + SLACK)) ] || fail "$1: resident $resident"
    echo "$3 files: resident $((resident >> 20)) M, budget $((peak >> 20)) M, planned $((planned >> 20)) M"
    written=$(find "$2" -type f -name '*.la[sz]' -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }')
    [ "$planned" -le "$resident" ] && [ $((10 * planned)) -ge $((7 * peak)) ] || fail "$1: planned $planned bytes of memory, $peak were taken"
    [ $((10 * bytes)) -ge $((7 * written)) ] && [ $((10 * bytes)) -le $((13 * written)) ] || fail "$1: planned $bytes bytes of output, $written were written"
}

make_survey in "$points" --tiles "$files" --density 0.05
i=0
for file in in/*.laz; do
    i=$((i + 1))
    case $((i % 10)) in
        6) folder="in/a b" ;;
        7) folder="in/a b/été" ;;
        8) folder="in/a b/été/3" ;;
        9) folder="in/a b/été/3/四" ;;
        0) folder="in/a b/été/3/四/5" ;;
        *) folder=in ;;
    esac
    mkdir -p "$folder"
    [ "$folder" = in ] || mv "$file" "$folder/"
done
mkdir few
for file in in/*.laz; do
    [ "$(ls few | wc -l)" -lt 30 ] || break
    cp "$file" few/
done
enriched_folder few few.out 30
few=$resident
enriched_folder in all.out "$files"
# Paths, journal and what is known of neighbours take 2 KB a file; heaps differ by some MB from run to run.
[ -n "${SCREE_SANITIZE:-}" ] || [ "$resident" -le $((few + (6 << 20) + 2048 * files)) ] || fail "resident $resident with $files files, $few with 30"
(cd in && find . -name '*.laz' | sort) > names
(cd all.out && find . -name '*.laz' | sort) > names.out
cmp names names.out || fail "another tree"
[ "$(wc -l < names)" = "$files" ] || fail "$(wc -l < names) files"
[ -z "$(find all.out -name '*.part')" ] || fail "unfinished files are left"
expect 0 enrich in all.out --json -q --memory 64M --threads 2
[ "$(value_of skipped)" = "$files" ] || fail "$(value_of skipped) of $files files were done already"
