# A temporal index changes what a query by time reads, never what it finds; a damaged one is done without.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 150K --format 6
expect 0 convert survey.laz plain.copc.laz -q
expect 0 convert survey.laz index.copc.laz --temporal-index 50 -q

times=$("$SCREE" query plain.copc.laz --dims gps_time -o - --format csv -q --progress none | tr -d '\r' | sed 1d | sort -g)
first=$(printf '%s\n' "$times" | sed -n 40000p)
last=$(printf '%s\n' "$times" | sed -n 43000p)

for window in "$first,$last" "$last,1e12" "-1e12,$first" "$first,$first" "5,6"; do
    "$SCREE" query plain.copc.laz --time="$window" -o plain.csv --format csv --force -q
    "$SCREE" query index.copc.laz --time="$window" -o index.csv --format csv --force -q
    cmp plain.csv index.csv || fail "window $window: the index changes the answer"
done

points_tested() {
    "$SCREE" query "$1" --time="$first,$last" --count --json | tr -d ' \n\t' | sed -n 's/.*"points_tested":\([0-9]*\).*/\1/p'
}
plain=$(points_tested plain.copc.laz)
index=$(points_tested index.copc.laz)
[ "$index" -lt "$plain" ] || fail "with the index $index points are tested, without $plain"
