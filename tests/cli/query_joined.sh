# Questions to files that differ, or are many, and places said in another way: what is joined, what is refused, what is done without.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey plain.laz 3K --format 6
make_survey other.laz 2K --format 3 --seed 4
expect 0 enrich plain.laz extra.laz -q

# Extra bytes of one input: the answer describes them, and they are there, in every format; 0 or no_data where an input has none.
expect 0 query other.laz extra.laz -o joined.las -q
expect 0 validate joined.las
expect 0 query joined.las -o there.csv --dims x,z,Planarity -q
expect 0 query other.laz extra.laz -o here.csv --dims x,z,Planarity -q
cmp there.csv here.csv || fail "extra bytes of joined files"
expect 0 query extra.laz -o own.csv --dims x,z,Planarity -q
tail -n 3000 here.csv > tail.csv
tail -n 3000 own.csv | cmp - tail.csv || fail "extra bytes of the second of two files"
head -n 2001 here.csv | tail -n 2000 | tr -d '\r' | cut -d , -f 3 | sort -u > lacks
[ "$(wc -l < lacks)" = 1 ] || fail "points without the dimension have $(head -c 200 lacks)"
# Floats as text read back to the same bits.
"$SCREE" query own.csv --count > /dev/null 2>&1 && fail "CSV is no input"
expect 0 query extra.laz -o own.npy --dims Planarity -q
if command -v python3 > /dev/null && python3 -c 'import numpy' 2> /dev/null; then
    python3 - << 'X' || fail "floats as text"
import numpy as np
binary = np.load("own.npy")["Planarity"]
text = np.array([line.split(",")[2] for line in open("own.csv").read().split("\n")[1:] if line], dtype="f4")
assert np.array_equal(binary.view("u4")[~np.isnan(binary)], text.view("u4")[~np.isnan(binary)]), "bits"
X
fi

# With --dims the rest is zero, and that is said.
expect 0 query extra.laz -o few.las --dims x,y,z
says err 'fields that --dims does not name are 0'

# What cannot be one cloud.
make_survey far.laz 1K --crs EPSG:25832
code=0
"$SCREE" query plain.laz far.laz --count > out 2> err || code=$?
[ $code != 0 ] || fail "two coordinate systems in one question"
says err 'they cannot be asked together'
for order in 'plain.laz other.laz far.laz' 'plain.laz far.laz other.laz' 'far.laz plain.laz other.laz'; do
    # shellcheck disable=SC2086
    expect 1 query $order --count
    says err 'they cannot be asked together'
done


# A circle in degrees is the one in metres, but for the vertices between.
if "$SCREE" query plain.laz --crs EPSG:4326 --circle 2.3,48.8,0.001 --count -q > out 2> err; then
    center=$("$SCREE" info --json plain.laz | tr -d ' \t\n' | sed 's/.*"min":\[\([^]]*\)\],"max":\[\([^]]*\)\].*/\1,\2/' |
        awk -F, '{printf "%.2f,%.2f", ($1 + $4) / 2, ($2 + $5) / 2}')
    expect 0 query plain.laz --circle "$center,5" --count -q
    near=$(cat out)
    expect 0 query plain.laz --crs EPSG:2154+5720 --circle "$center,5" --count -q
    [ "$(cat out)" -le "$near" ] && [ "$(cat out)" -ge $((near * 98 / 100)) ] || fail "a circle of 360 vertices: $(cat out) of $near"
    expect 1 query plain.laz --crs EPSG:2154 --circle "$center,5" --bounds 0,0,1,1 --count
    says err 'only one can be given in another'
elif ! grep -q 'built without PROJ' err; then
    fail "--crs with --circle"
fi

# Texts of areas that are none.
for area in '{"type":"Point","coordinates":[1,2]}' '{"type":"Polygon"}' '{"type":"Polygon","coordinates":[[1,2]]}' '{"coordinates":[]}' '{' 'POLYGON (' \
    'POLYGON ((1 2, x' 'SRID=3 POLYGON (()' 'LINESTRING (1 2, 3 4)'; do
    expect 2 query plain.laz --polygon "$area" --count
    says err '^scree: polygon'
done

# An index of time that is damaged is done without, and that is said.
make_survey long.laz 60K
expect 0 convert long.laz index.copc.laz --temporal-index 20 -q
times=$("$SCREE" query index.copc.laz --dims gps_time -o - --format csv -q --progress none | tr -d '\r' | sed 1d | sort -g)
window=$(printf '%s\n' "$times" | sed -n '20000p;21000p' | tr '\n' ',' | sed 's/,$//')
expect 0 query index.copc.laz --time="$window" -o sound.las -q
"$SCREE" info index.copc.laz --json > info.json
at=$(grep -A5 '"copc_temporal"' info.json | sed -n 's/.*"offset":[[:space:]]*\([0-9]*\).*/\1/p' | head -n 1)
head -c 64 /dev/zero | tr '\0' '\377' | dd of=index.copc.laz bs=1 seek="$at" conv=notrunc 2> dd.log
expect 0 query index.copc.laz --time="$window" -o damaged.las
says err 'done without the temporal index'
cmp sound.las damaged.las || fail "a damaged index changes the answer"

# More files than are kept open.
make_survey tiles 12K --tiles 150
expect 0 query tiles -o many.las -q
[ "$(points_of many.las)" = 12000 ] || fail "many files: $(points_of many.las) points"
expect 0 query tiles --count -q --memory 16M
[ "$(cat out)" = 12000 ] || fail "many files in a small budget"
