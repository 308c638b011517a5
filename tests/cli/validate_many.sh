# scree validate of a folder and of several files: a line each, a count, an exit code that says which of three things happened.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey tiles 30K --tiles 4
count=$(find tiles -name '*.laz' | wc -l)
[ "$count" -gt 2 ] || fail "$count tiles"
echo "no points" > tiles/notes.txt
touch tiles/unfinished.laz.part
expect 0 validate tiles
[ "$(wc -l < out)" = $((count + 1)) ] || fail "lines of a folder"
[ "$(grep -c '^tiles/.*: valid LAZ: .* 0 errors' out)" = "$count" ] || fail "lines of valid files"
says out "^$count files: $count valid, 0 not valid, 0 not readable\$"

# One that is not valid: its line names the rules, -v says what is wrong; each file once; a list.
first=$(find tiles -name '*.laz' | sort | head -n 1)
cp "$first" tiles/zz.laz
printf '\377\377' | dd of=tiles/zz.laz bs=1 seek=247 conv=notrunc 2> dd.log
expect 1 validate tiles "$first" tiles/zz.laz
[ "$(wc -l < out)" = $((count + 2)) ] || fail "lines of a folder and two of its files"
says out '^tiles/zz.laz: NOT valid LAZ: .*; errors: .*LAS-'
says out "^$((count + 1)) files: $count valid, 1 not valid, 0 not readable\$"
expect 1 validate -v tiles
says out '^tiles/zz.laz: ERROR LAS-'
expect 1 validate tiles/zz.laz
says out '^ERROR LAS-'
printf '%s\n' tiles/zz.laz "$first" > list.txt
expect 1 validate @list.txt --json
is_json out
says out '"files_valid":[[:space:]]*1'
says out '"files_not_valid":[[:space:]]*1'

# One that cannot be read: 4 when nothing else is wrong, and it does not hide what is.
expect 4 validate "$first" missing.laz
says err 'missing.laz'
says out '^2 files: 1 valid, 0 not valid, 1 not readable$'
expect 1 validate missing.laz tiles
says out "1 not valid, 1 not readable\$"
expect 1 validate missing.laz
mkdir empty
expect 1 validate empty
says err 'empty'
expect 1 validate 'nothing-*.laz'

# info takes the same words.
rm tiles/zz.laz
expect 0 info tiles --json
is_json out
[ "$(grep -c '"file":' out)" = "$count" ] || fail "info of a folder"
expect 4 info missing.laz "$first"
