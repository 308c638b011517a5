# Broken and odd files from everywhere: each converts, or is refused with a message that names it, within 10 s; a refusal leaves nothing.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

[ -d "${SCREE_TEST_DATA:-}/bad" ] || { echo "skipped: SCREE_TEST_DATA names no folder with sample files in bad/"; exit 77; }

converted=0
refused=0
for input in "$SCREE_TEST_DATA"/bad/*.la[sz]; do
    name=$(basename "$input")
    ln -s "$input" "$name"
    for command in "convert $name out.copc.laz --memory 1G --progress none" "info $name" "info --json --nodes $name" "validate $name"; do
        code=0
        # shellcheck disable=SC2086 # a command is several words
        timeout 10 "$SCREE" $command > out 2> err || code=$?
        case $code in
        0) ;;
        1) [ "${command%% *}" = validate ] || says err '^scree: ' ;;
        *) fail "$command: exit code $code" ;;
        esac
        [ "${command%% *}" = convert ] || continue
        if [ $code = 0 ]; then
            converted=$((converted + 1))
            [ -f out.copc.laz ] || fail "$name: done, but there is no output"
            "$SCREE" validate out.copc.laz > verdict || fail "$name: the output is not valid"
            rm out.copc.laz
        else
            refused=$((refused + 1))
            grep -Fq "$name" err || fail "$name: the message does not name the file"
        fi
        absent out.copc.laz
    done
done
echo "$converted converted, $refused refused"
