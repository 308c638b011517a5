# scree enrich on little and on odd input: files of few points or none, formats with waveforms, one file into a folder, no ground; what is said, and nothing with -q.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
export SOURCE_DATE_EPOCH=1700000000

# there_and_back FILE [option...]: enriched, checked by scans, valid, and the same file again without the features; not a word of it.
there_and_back() {
    local file=$1
    shift
    expect 0 enrich "$file" rich.laz --neighbors none --verify 20 -q --force "$@"
    [ ! -s out ] && [ ! -s err ] || fail "$file: -q, and something is said"
    expect 0 validate rich.laz
    expect 0 enrich rich.laz bare.laz --strip -q --force
    cmp "$file" bare.laz || fail "$file does not come back"
}

# Fewer points than neighbours: those that there are; shapes from three on.
for points in 1 2 3 5 19; do
    make_survey few.laz $points --force
    there_and_back few.laz --features -HeightAboveGround
    there_and_back few.laz --k 0 --radius 100 --features Linearity,Density
    expect 0 query rich.laz --where 'Linearity > -1' --stats
    shapes=$(sed -n 's/^\([0-9,]*\) points matched.*/\1/p' out err)
    [ $points -ge 3 ] || [ "$shapes" = 0 ] || fail "$shapes of $points points have shapes"
    [ $points -lt 5 ] || [ "$shapes" = $points ] || fail "only $shapes of $points points have shapes"
done
# None at all.
expect 0 query few.laz --where 'class == 99' -o none.laz -q
[ "$(points_of none.laz)" = 0 ] || fail "none.laz has points"
there_and_back none.laz

# Formats with waveforms.
for format in 4 5 9 10; do
    make_survey waves.laz 2K --format $format --force
    there_and_back waves.laz --k 8 --ground idw
done

# No ground: no value, and a warning, never a guess.
make_survey town.laz 3K
expect 0 enrich town.laz rich.laz --neighbors none --ground-class 99 --force --json
says err 'town.laz: no point is classified as ground: there are no heights above it'
tr -d ' \t\n' < out | grep -q '"HeightAboveGround":3000[,}]' || fail "not all of 3000 points are without a height"
expect 0 query rich.laz --where 'HeightAboveGround != -9999' --stats
grep -q '^0 points matched' out err || fail "a point has a height without ground"

# One file into a folder that is there; it is done, and then skipped.
mkdir folder
expect 0 enrich town.laz folder --features Linearity
says err '1 file: 1 done|1 files: 1 done'
expect 0 enrich town.laz folder --features Linearity
says err '0 done, 1 skipped'

# The smallest first.
mkdir sizes
make_survey sizes/a.laz 4K
make_survey sizes/b.laz 1K
make_survey sizes/c.laz 2K
expect 0 enrich sizes sizes.out --features Linearity --json -q
[ "$(tr -d ' \t' < out | grep -o '"input":"sizes/[abc]' | sed 's/.*\///' | tr -d '\n')" = bca ] || fail "not the smallest first"

# Flight lines one by one, as docs/decisions/enrich_sources.md has it: all points, the new dimension, and each strip's rows are those of its own points.
make_survey lines.laz 6K --density 0.02
mkdir strips
for id in 1 2 3 4; do
    expect 0 query lines.laz --where "point_source_id == $id" -o strips/$id.laz -q
done
expect 0 enrich strips strips.out --neighbors none --features Roughness -q
expect 0 query strips.out/1.laz strips.out/2.laz strips.out/3.laz strips.out/4.laz -o joined.laz -q
[ "$(points_of joined.laz)" = 6000 ] || fail "joined: $(points_of joined.laz) points"
expect 0 info joined.laz
says out '^ *Roughness +float'
expect 0 query joined.laz --where 'point_source_id == 2' -o one.csv -q --dims x,y,z,Roughness
expect 0 query strips.out/2.laz -o two.csv -q --dims x,y,z,Roughness
[ "$(wc -l < one.csv)" -gt 2 ] || fail "strip 2 has no points"
sort one.csv > one.sorted
sort two.csv > two.sorted
cmp one.sorted two.sorted || fail "the joined file has other values of strip 2"
