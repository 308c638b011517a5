# scree enrich, a folder: its tree, what goes along, what is skipped, one bad file, a killed run, two runs at once.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
export SOURCE_DATE_EPOCH=1700000000

mkdir -p "in/a b/c" in/é
make_survey in/x.LAZ 6K --format 6
make_survey "in/a b/y.las" 3K --format 3
make_survey "in/a b/c/z.laz" 2K --format 1
expect 0 convert in/x.LAZ in/é/o.Copc.laz -q
echo '{}' > in/x.json
touch -d 2020-02-03T04:05:06 in/x.json
echo note > "in/a b/c/n.TXT"
echo note > in/é/o.prj
echo note > in/é/o.doc
ln -s .. "in/a b/loop"
quick="--k 8 --features Planarity,NormalZ"

# A dry run writes nothing.
# shellcheck disable=SC2086
expect 0 enrich in in/out --dry-run $quick
says err '4 to do'
says err 'points; at a time '
[ ! -e in/out ] || fail "a dry run made a folder"

# shellcheck disable=SC2086
expect 0 enrich in in/out $quick --json
is_json out
says err 'a link that leads back'
says err '4 files: 4 done, 0 skipped, 0 failed; 3 side files copied'
for file in x.LAZ "a b/y.las" "a b/c/z.laz" é/o.Copc.laz; do
    expect 0 validate "in/out/$file"
    expect 0 enrich "in/out/$file" "bare.${file##*.}" --strip --force -q
    cmp "in/$file" "bare.${file##*.}" || fail "$file does not come back"
done
for file in x.json "a b/c/n.TXT" é/o.prj; do
    cmp "in/$file" "in/out/$file" || fail "$file was not copied"
    [ "$(stat -c %Y "in/$file")" = "$(stat -c %Y "in/out/$file")" ] || fail "$file has another time"
done
[ ! -e in/out/é/o.doc ] || fail "o.doc was copied"
[ ! -e in/out/out ] || fail "the output folder was enriched"
[ ! -e "in/out/a b/loop" ] || fail "a loop was followed"

# A side file in the output that is newer stays, unless it is told otherwise.
echo changed > in/out/x.json
# shellcheck disable=SC2086
expect 0 enrich in in/out $quick
grep -q changed in/out/x.json || fail "a newer side file was overwritten"
# shellcheck disable=SC2086
expect 0 enrich in in/out $quick --force
cmp in/x.json in/out/x.json || fail "--force did not copy a side file"

# Done is done; a touched input is looked at and known; other options, another input, a lost output are done again.
# shellcheck disable=SC2086
expect 0 enrich in in/out $quick
says err '0 done, 4 skipped, 0 failed'
touch in/x.LAZ
# shellcheck disable=SC2086
expect 0 enrich in in/out $quick
says err '0 done, 4 skipped, 0 failed'
rm "in/out/a b/y.las" in/out/.scree-enrich.jsonl
# shellcheck disable=SC2086
expect 0 enrich in in/out $quick
says err '1 done, 3 skipped, 0 failed'
expect 0 enrich in in/out --k 9 --features Planarity,NormalZ
says err '4 done, 0 skipped, 0 failed'
for more in "--ground-cell 3" "--unit ft" "--las14" ""; do
    # shellcheck disable=SC2086
    expect 0 enrich in in/out --k 9 --features Planarity,NormalZ $more
    says err '4 done, 0 skipped, 0 failed'
    # shellcheck disable=SC2086
    expect 0 enrich in in/out --k 9 --features Planarity,NormalZ $more
    says err '0 done, 4 skipped, 0 failed'
done
make_survey "in/a b/y.las" 3K --format 3 --seed 5 --force
expect 0 enrich in in/out --k 9 --features Planarity,NormalZ
says err '1 done, 3 skipped, 0 failed'
# A new file beside x.LAZ, over it, is part of its surroundings.
cp in/x.LAZ in/twin.laz
expect 0 enrich in in/out --k 9 --features Planarity,NormalZ
says err '2 done, 3 skipped, 0 failed'
rm in/twin.laz

# An output that another program wrote is not ours to replace.
cp "in/a b/c/z.laz" "in/out/a b/c/z.laz"
expect 4 enrich in in/out --k 9 --features Planarity,NormalZ
says err 'did not write it'
expect 0 enrich in in/out --k 9 --features Planarity,NormalZ --force
says err '4 done, 0 skipped, 0 failed'

# One bad file.
head -c 3000 in/x.LAZ > in/é/cut.laz
echo bad > in/é/bad.laz
expect 4 enrich in/é out2 --k 9 --features Planarity --neighbors none
says err 'in/é/bad.laz: failed: in/é/bad.laz: '
says err 'in/é/cut.laz: failed: '
says err '3 files: 1 done, 0 skipped, 2 failed'
says out2/.scree-enrich.jsonl '"status":"failed"'
absent out2/cut.laz out2/bad.laz

# Files that cannot be read, in their header, their chunks or in the middle, beside others: these are done as if the bad ones were not there. A file that is named as context is needed.
make_survey whole4 20K --tiles 4 --format 6
cp -r whole4 holes
echo bad > holes/bad.laz
: > holes/empty.LAS
head -c 20000 holes/tile_0_0.laz > holes/cut.laz
cp holes/tile_0_0.laz holes/hurt.laz
head -c 400 in/x.json in/x.LAZ | dd of=holes/hurt.laz bs=1 seek=15000 conv=notrunc 2> dd.err
expect 0 enrich whole4 whole4.out --k 9 --features Planarity -q
expect 4 enrich holes holes.out --k 9 --features Planarity
says err '8 files: 4 done, 0 skipped, 4 failed'
for bad in bad.laz empty.LAS cut.laz hurt.laz; do
    says err "holes/$bad: failed: "
    [ "$(grep -c "^scree: warning: .*holes/$bad.*left out of the surroundings" err)" = 1 ] || [ $bad = hurt.laz ] || fail "$bad: not said once"
    absent "holes.out/$bad"
done
for tile in whole4/*.laz; do
    cmp "whole4.out/${tile#*/}" "holes.out/${tile#*/}" || fail "$tile: other bytes beside files that cannot be read"
done
expect 4 enrich holes holes.out --k 9 --features Planarity
says err '8 files: 0 done, 4 skipped, 4 failed'
expect 1 enrich holes/tile_0_0.laz alone.laz --k 9 --features Planarity
says err 'holes/bad.laz: '
expect 4 enrich whole4 named.out --k 9 --features Planarity --context holes/hurt.laz
says err '4 files: 0 done, 0 skipped, 4 failed'

# Misuse.
expect 2 enrich in in
says err 'input and output'
expect 2 enrich "in/a b/y.las" in/out/x.LAZ "in/a b/y.las" other
says err 'would both become'
mkdir empty
expect 1 enrich empty out3

# Killed at any moment, and gone on with: the same bytes as without.
mkdir many
for i in 1 2 3 4 5 6; do make_survey many/t$i.laz 12K --format 6 --seed $i; done
expect 0 enrich many whole --features Linearity --neighbors none -q
for moment in 0.02 0.05 0.1 0.2 0.3 0.5; do
    "$SCREE" enrich many stopped --features Linearity --neighbors none -q > out 2> err &
    job=$!
    sleep $moment
    kill -s KILL $job 2> /dev/null || true
    wait $job 2> /dev/null || true
    for i in 1 2 3 4 5 6; do
        [ ! -e stopped/t$i.laz ] || cmp stopped/t$i.laz whole/t$i.laz || fail "killed after $moment s: t$i.laz"
    done
done
expect 0 enrich many stopped --features Linearity --neighbors none -q
for i in 1 2 3 4 5 6; do cmp stopped/t$i.laz whole/t$i.laz || fail "gone on with: t$i.laz"; done
[ -z "$(find stopped -name '*.part')" ] || fail "unfinished files are left"
expect 0 enrich many stopped --features Linearity --neighbors none
says err '0 done, 6 skipped, 0 failed'

# A line that a killed run left without an end.
printf '{"output":"stop' >> stopped/.scree-enrich.jsonl
expect 0 enrich many stopped --features Linearity --neighbors none
says err '0 done, 6 skipped, 0 failed'

# Two runs on one folder.
if command -v flock > /dev/null 2>&1; then
    (exec 9>> stopped/.scree-enrich.jsonl && flock -x 9 && touch locked && sleep 5) &
    holder=$!
    for _ in $(seq 200); do
        [ ! -e locked ] || break
        sleep 0.01
    done
    expect 1 enrich many stopped --features Linearity --neighbors none
    says err 'another run works on this folder'
    kill $holder 2> /dev/null || true
    wait $holder 2> /dev/null || true
fi

# Building scores of a folder: all points together, and the worst files first; what has no class 6 is counted.
mkdir towns
make_survey towns/a.laz 6K --format 6
make_survey towns/b.laz 3K --format 6
make_survey towns/c.laz 1
expect 0 enrich towns scored --mode building --neighbors none --json --report none
is_json out
says err 'building score against class 6, of files done now: 2 with class 6, 1 without'
says err ' all points together$'
sed -n 's/^ *\([0-9.]*\) .*towns\/[ab].laz$/\1/p' err > f1
[ "$(wc -l < f1)" = 2 ] || fail "not two files are listed"
sort -n f1 | cmp - f1 || fail "the worst is not the first"
says out '"files_with_class_6":[[:space:]]*2'
says out '"files_without_class_6":[[:space:]]*1'
expect 0 enrich towns scored --mode building --neighbors none --report none
! grep -q 'against class 6' err || fail "scores of files that were not done now"
# A file of one place has all that belongs to it: nothing is done again.
expect 0 enrich towns scored --mode building --neighbors none --force -q
for end in json txt png; do [ -s scored/c.enrich.$end ] || fail "no c.enrich.$end"; done
expect 0 enrich towns scored --mode building --neighbors none
says err '0 done, 3 skipped, 0 failed'
