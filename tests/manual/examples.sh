#!/usr/bin/env bash
# The EXAMPLES of every man page run as they stand, in a folder with the files that they name.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_sample.sh"

make_sample sample
start_server sample
count=0
for page in "$SCREE_BINARY_DIR"/man/*.1; do
    name=$(basename "$page" .1)
    sed -n '/^\.SH EXAMPLES/,/^\.SH/{/^\.EX/,/^\.EE/{/^\.E[XE]/d;p}}' "$page" | sed 's/\\-/-/g; s/\\(ti/~/g; s/\\e/\\/g' > "$name.sh"
    [ -s "$name.sh" ] || fail "$name has no examples"
    ! grep -vq '^scree ' "$name.sh" || fail "$name: an example that is no command: $(grep -v '^scree ' "$name.sh")"
    count=$((count + $(wc -l < "$name.sh")))
    cp -r sample "$name"
    # What an example makes must not be there: --force is told of in the page where it is needed.
    case $name in
    scree-convert) rm "$name/city.copc.laz" ;;
    esac
    run_commands "$name" "$name.sh" "$name"
done
[ $count -ge 25 ] || fail "only $count examples were found"
[ -s scree-query/part.csv ] && [ "$(wc -l < scree-query/part.csv)" -gt 100 ] || fail "part.csv has no points"
[ "$(points_of scree-query/part.laz)" -gt 100 ] || fail "part.laz has no points"
echo "$count examples run"
