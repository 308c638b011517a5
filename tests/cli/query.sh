# scree query: formats there and back, outputs, refusals, the same bytes for any number of threads and any budget.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

# LAS and LAZ there and back: every format, the same records in the same order.
for format in 0 1 2 3 4 5 6 7 8 9 10; do
    make_survey in.laz 3K --format $format --chunk-size 700
    expect 0 query in.laz -o there.las -q
    expect 0 query there.las -o back.laz -q
    expect 0 query back.laz -o again.las -q
    cmp there.las again.las || fail "format $format: LAS -> LAZ -> LAS"
    [ "$(points_of back.laz)" = 3000 ] || fail "format $format: points"
    expect 0 validate there.las back.laz
    rm in.laz there.las back.laz again.las
done

make_survey survey.laz 120K --format 8
expect 0 convert survey.laz city.copc.laz -q
expect 0 query city.copc.laz --dry-run
says out '^points +120,000 at most, of 120,000$'
expect 0 query city.copc.laz --dry-run --json
is_json out
expect 0 query city.copc.laz --count
[ "$(cat out)" = 120000 ] || fail "--count"
says err '120,000 points matched, 0 tested'
expect 0 query city.copc.laz --stats -q
says out '^intensity +120,000'
expect 0 query city.copc.laz --stats --json --dims class,z
is_json out
says out '"histogram"'

# The same bytes, whatever the threads and the budget.
where='intensity > 600 || return_number == 2'
for ending in las laz csv ply npy copc.laz; do
    sums=
    for run in "1 64M" "2 96M" "4 1G"; do
        # shellcheck disable=SC2086
        set -- $run
        expect 0 query city.copc.laz -o "out.$ending" --where "$where" --threads "$1" --memory "$2" --force -q
        sums="$sums $(md5sum < "out.$ending" | cut -d ' ' -f 1)"
    done
    # shellcheck disable=SC2086
    [ "$(printf '%s\n' $sums | sort -u | wc -l)" = 1 ] || fail "$ending: not the same bytes: $sums"
done
expect 0 validate out.las out.laz out.copc.laz
"$SCREE" query city.copc.laz --count --where "$where" -q > n
[ "$(points_of out.las)" = "$(cat n)" ] && [ "$(points_of out.laz)" = "$(cat n)" ] &&
    [ "$(points_of out.copc.laz)" = "$(cat n)" ] || fail "points of the outputs"
[ "$(($(wc -l < out.csv) - 1))" = "$(cat n)" ] || fail "lines of CSV"
grep -aq "^element vertex $(cat n)\$" out.ply || fail "vertices of PLY"
grep -aq "'shape': ($(cat n),)" out.npy || fail "shape of NPY"
[ $(($(stat -c %s out.npy) % 64)) = $(($(cat n) * 63 % 64)) ] || fail "NPY: $(stat -c %s out.npy) bytes"

# All points, whose places in the output are known ahead: the same as with a condition that all of them meet. Several inputs, a chunk too
# large to be held, and one budget as small as it gets, too.
make_survey chunk.laz 600K --format 6 --chunk-size 600000
make_survey other.laz 40K --format 8 --seed 7
for ending in las laz csv ply npy; do
    for inputs in "city.copc.laz" "other.laz city.copc.laz" "chunk.laz"; do
        # shellcheck disable=SC2086
        expect 0 query $inputs -o "some.$ending" --where 'intensity >= 0' --threads 1 --force -q
        for run in "1 64M" "4 1G"; do
            # shellcheck disable=SC2086
            expect 0 query $inputs -o "all.$ending" --threads ${run% *} --memory ${run#* } --force -q
            cmp "all.$ending" "some.$ending" || fail "$ending of all points of $inputs, $run"
        done
        # shellcheck disable=SC2086
        "$SCREE" query $inputs -o - --format $ending -q > piped || fail "-o - --format $ending of $inputs"
        cmp piped "all.$ending" || fail "-o - --format $ending of $inputs differs from a file"
    done
done
rm chunk.laz other.laz all.* some.*

# To standard output: the same as to a file.
for ending in las laz csv ply npy copc.laz; do
    format=${ending%.laz}
    "$SCREE" query city.copc.laz -o - --format $format --where "$where" -q > piped || fail "-o - --format $format"
    cmp piped "out.$ending" || fail "-o - --format $format differs from a file"
done
# COPC: nothing at all unless it is complete.
code=0
"$SCREE" query city.copc.laz -o - --format copc --bounds 0,0,1,1 -q > piped 2> err || code=$?
[ "$code" = 1 ] || fail "-o - --format copc without points: exit code $code"
says err 'no point matches'
[ ! -s piped ] || fail "-o - --format copc wrote before it failed"
"$SCREE" query city.copc.laz -o - --format csv -q 2> err | head -n 1 > first
says first '^x,y,z,intensity,return_number'

# Levels, limits, areas from files and words.
expect 0 query city.copc.laz --level 0 -o level.laz -q
expect 0 query city.copc.laz --limit 1000 -o limit.laz -q
[ "$(points_of limit.laz)" = 1000 ] || fail "--limit"
expect 0 query city.copc.laz --bounds -1e9,-1e9,1e9,1e9 --count -q
[ "$(cat out)" = 120000 ] || fail "--bounds around everything"
echo 'POLYGON ((-1e8 -1e8, 1e8 -1e8, 1e8 1e8, -1e8 1e8))' > area.wkt
expect 0 query city.copc.laz --polygon area.wkt --count -q
[ "$(cat out)" = 120000 ] || fail "--polygon FILE"
expect 0 query city.copc.laz --polygon "$(cat area.wkt)" --count -q
[ "$(cat out)" = 120000 ] || fail "--polygon WKT"

# A place in another CRS: with PROJ, the bounds of the files' own CRS in degrees; all points lie within.
code=0
"$SCREE" query city.copc.laz --crs EPSG:4326 --bounds -5,41,10,52 --count -q > out 2> err || code=$?
if grep -q 'built without PROJ' err; then
    echo "--crs: left out, built without PROJ"
else
    [ "$code" = 0 ] || fail "--crs: exit code $code"
    [ "$(cat out)" = 120000 ] || fail "--crs EPSG:4326 around everything: $(cat out)"
    expect 0 query city.copc.laz --crs EPSG:4326 --bounds 20,41,30,52 --count -q
    [ "$(cat out)" = 0 ] || fail "--crs EPSG:4326 elsewhere"
    window=$("$SCREE" info --json city.copc.laz | tr -d ' \t\n' | sed 's/.*"min":\[\([^]]*\)\],"max":\[\([^]]*\)\].*/\1,\2/' |
        awk -F, '{printf "%.2f,%.2f,%.2f,%.2f", $1, $2, ($1 + $4) / 2, ($2 + $5) / 2}')
    expect 0 query city.copc.laz --bounds "$window" --count -q
    cp out own
    expect 0 query city.copc.laz --crs EPSG:2154+5720 --bounds "$window" --count -q
    cmp -s out own || fail "--crs of the files themselves changes the answer"
fi

# Many files are one cloud.
make_survey tiles 60K --tiles 4
expect 0 query tiles --count -q
[ "$(cat out)" = 60000 ] || fail "a folder"
expect 0 query tiles -o joined.laz -q
expect 0 validate joined.laz
[ "$(points_of joined.laz)" = 60000 ] || fail "a folder into a file"

# An answer without points is an answer, but not as COPC.
for ending in las laz csv ply npy; do
    expect 0 query city.copc.laz --bounds 0,0,1,1 -o "none.$ending" -q
    [ -s "none.$ending" ] || fail "none.$ending is empty"
done
expect 0 validate none.las none.laz
expect 1 query city.copc.laz --bounds 0,0,1,1 -o none.copc.laz
says err 'no point matches'
absent none.copc.laz

# Refusals.
expect 1 query city.copc.laz -o out.las
says err 'exists already'
cp city.copc.laz before
expect 2 query city.copc.laz -o city.copc.laz --force
says err 'both an input and the output'
cmp -s city.copc.laz before || fail "the input was touched"
expect 2 query city.copc.laz
expect 2 query city.copc.laz --count --stats
expect 2 query city.copc.laz -o -
expect 2 query city.copc.laz -o new.xyz
expect 2 query city.copc.laz --count --bounds 1,2,3
expect 2 query city.copc.laz --count --bounds 5,0,1,9
expect 2 query city.copc.laz --count --circle 1,2
expect 2 query city.copc.laz --count --resolution 0
expect 2 query city.copc.laz --count --where 'intensity >'
says err 'where: column 12: expected a field or a number, found the end'
expect 2 query city.copc.laz --count --class 256
expect 2 query city.copc.laz --count --return fist
expect 2 query city.copc.laz --count --time 2,1
expect 1 query city.copc.laz --count --where 'amplitude > 3'
expect 1 query city.copc.laz --count --polygon missing.wkt
expect 1 query missing.laz --count
expect 3 query city.copc.laz -o small.las --memory 1M
says err '--memory [0-9]+M$'
absent new.xyz small.las
head -c 200000 city.copc.laz > cut.copc.laz
expect 1 query cut.copc.laz -o cut.las
absent cut.las
if [ -w /dev/full ]; then
    code=0
    "$SCREE" query city.copc.laz -o - --format csv -q > /dev/full 2> err || code=$?
    [ $code = 1 ] || fail "query > /dev/full: exit code $code"
fi

# Numbers as people copy them; what is said where nothing lies; names that there are not.
expect 0 query city.copc.laz --count -q --bounds 650000,6860000,650010,6860010
count=$(cat out)
[ "$count" -gt 0 ] || fail "nothing lies at the corner"
for bounds in '650000 6860000 650010 6860010' ' 650000, 6860000 , 650010	6860010 '; do
    expect 0 query city.copc.laz --count -q --bounds "$bounds"
    [ "$(cat out)" = "$count" ] || fail "'$bounds' counts otherwise"
done
for bounds in '1,2,3,4,' '1,,2,3,4' '1 2 3' '1,2,3,4,5,6,7' '1,2,3,x' ''; do
    expect 2 query city.copc.laz --count -q --bounds "$bounds"
done
expect 0 query city.copc.laz --count -q --bounds 2,48,3,49
says err 'warning: no input reaches there: by its header x is 6[0-9.]+ to 6'
for place in '--bounds 2,48,3,49' '--circle 2.3,48.8,1' '--polygon POLYGON((2_48,3_48,3_49))'; do
    read -r option area <<< "$place"
    expect 0 query city.copc.laz --count -q "$option" "${area//_/ }"
    says err 'longitude and latitude --crs EPSG:4326'
done
expect 0 query city.copc.laz --count -q --bounds 600000,60000,600001,60001
says err 'no input reaches there'
! grep -q 'EPSG:4326' err || fail "degrees are offered where none were given: $(cat err)"
expect 2 query city.copc.laz --count -q --crs EPSG:4326
says err 'crs: it is that of bounds, a polygon or a circle'
expect 0 query city.copc.laz -o flat.laz -q --limit 500
expect 0 query city.copc.laz --count -q --level 1
[ ! -s err ] || fail "of an octree it is said: $(cat err)"
expect 0 query flat.laz --count -q --resolution 5
says err 'flat.laz has no octree: all of its points are level 0'
cp flat.laz other.laz
expect 0 query city.copc.laz flat.laz other.laz --count -q --level 1
says err 'flat.laz and 1 more have no octree'
rm flat.laz other.laz
expect 1 query city.copc.laz --count --where 'hoehe > 3'
says err "has no field 'hoehe', but x, y, z, intensity"
expect 1 query city.copc.laz -o none.csv --dims x,hoehe
says err "there is no 'hoehe', but x, y, z, intensity"
