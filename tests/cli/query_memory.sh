# A refused budget names one that does: of queries in every format, and of amendments; with it the answer is the same, and the resident set
# stays within 32 MiB of it.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2" | tail -n 1; }

# with_named SMALL scree-arguments...: refused with SMALL, done with what is named then
with_named() {
    local budget=$1 code=0 need
    shift
    "$SCREE" "$@" --memory "$budget" -q > out 2> err || code=$?
    if [ $code = 3 ]; then
        need=$(sed -n 's/.*--memory \([0-9]*\)M$/\1/p' err)
        [ -n "$need" ] || fail "no budget is named: $*"
        expect 0 "$@" --memory "${need}M" -q
        budget=$((need * 1048576))
        refused=$((refused + 1))
        # Sanitizers keep shadow memory of their own.
        [ -n "${SCREE_SANITIZE:-}" ] || [ "$(value_of peak_resident_bytes out)" -le $((budget + 32 * 1048576)) ] ||
            fail "resident $(value_of peak_resident_bytes out) of $budget: $*"
    elif [ $code != 0 ]; then
        fail "exit code $code: $*"
    fi
}

make_survey a.laz 60000
"$SCREE" convert a.laz a.copc.laz -q
make_survey tiles 20000 --tiles 2
make_survey f3.laz 20000 --format 3

# With the smallest budget a question is refused while the hierarchy is read, with others later.
# asked BUDGETS KINDS INPUT...
asked() {
    local budgets=$1 kinds=$2 kind small
    shift 2
    for kind in $kinds; do
        expect 0 query "$@" --where 'intensity > 40' -o large.$kind -q --force
        for small in $budgets; do
            with_named $small query "$@" --where 'intensity > 40' -o small.$kind --force --json --threads 3
            cmp small.$kind large.$kind || fail "another budget, another answer: $*, $kind"
        done
    done
}
refused=0
asked '64K 2M' 'las laz copc.laz csv ply npy' a.copc.laz
asked '64K' 'laz npy' a.laz
asked '64K' 'las copc.laz' tiles f3.laz
for small in 64K 1200K; do
    with_named $small query a.copc.laz --where 'intensity > 40' --count --json --threads 3
    with_named $small query a.copc.laz --stats --json --threads 3
    with_named $small query a.copc.laz --limit 20000 -o small.csv --force --json --threads 3
done
[ $refused -ge 18 ] || fail "only $refused refusals"

refused=0
for small in 64K 4M; do
    for change in '--temporal-index 1' '--temporal-index auto --repair-header' '--crs EPSG:2154' '--temporal-index 3 -o copy.copc.laz --force'; do
        cp a.copc.laz b.copc.laz
        with_named $small amend b.copc.laz $change --json --threads 3
        expect 0 validate b.copc.laz --shallow
    done
done
[ $refused -ge 6 ] || fail "only $refused refusals"
echo "query_memory: done"
