# --salvage: what is left of damaged inputs, and an exact list of what is not.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
export SOURCE_DATE_EPOCH=1700000000

make_survey three.laz 60K --format 3 --chunk-size 5000
make_survey seven.laz 60K --format 7 --chunk-size 5000
for name in three seven; do
    bytes=$(wc -c < $name.laz)
    head -c $((bytes * 6 / 10)) $name.laz > $name-cut.laz
    cp $name.laz $name-noise.laz
    head -c 900 /dev/zero | tr '\0' '\252' | dd of=$name-noise.laz bs=1 seek=$((bytes / 2)) conv=notrunc 2> dd.log
done

# number NAME FILE: the first number that a JSON document has under a name
number() { tr -d ' \t' < "$2" | sed -n "s/^\"$1\":\([0-9]*\),*$/\1/p" | head -n 1; }

for name in three-cut seven-cut three-noise seven-noise; do
    expect 1 convert $name.laz out.copc.laz
    absent out.copc.laz
    expect 4 convert --salvage $name.laz out.copc.laz --json
    says err "^scree: warning: $name\.laz: chunk [0-9]+ at byte [0-9]+: [0-9]+ points lost, from point [0-9]+ on: "
    says err '60,000 points in = [0-9,]+ points out \+ [0-9,]+ lost'
    is_json out
    [ "$(number points_in out)" = 60000 ] || fail "$name: points_in"
    kept=$(number points_out out) lost=$(number points_lost out)
    [ "$kept" -gt 20000 ] && [ $((kept + lost)) = 60000 ] || fail "$name: $kept kept, $lost lost"
    says out "\"file\":[[:space:]]*\"$name\.laz\""
    case $name in *noise) [ $((lost % 5000)) = 0 ] && [ "$lost" -le 10000 ] || fail "$name: $lost lost" ;; esac
    expect 0 validate out.copc.laz
    [ "$(points_of out.copc.laz)" = "$kept" ] || fail "$name: points in the output"
    for way in "--threads 1" "--threads 4" "--threads 3 --memory 256M"; do
        rm -f other.copc.laz
        # shellcheck disable=SC2086
        expect 4 convert --salvage $name.laz other.copc.laz -q $way
        cmp out.copc.laz other.copc.laz || fail "$name: other bytes with $way"
    done
    expect 4 convert --salvage --dry-run $name.laz out.copc.laz --force
    says out '^points .* more are lost'
    rm out.copc.laz
done

# Nothing is lost: as without --salvage.
expect 0 convert three.laz seven.laz plain.copc.laz -q
expect 0 convert --salvage three.laz seven.laz out.copc.laz --json
cmp plain.copc.laz out.copc.laz || fail "--salvage changes an undamaged conversion"
says out '"losses":[[:space:]]*\[\]'
# Some inputs are damaged: the others are whole.
expect 4 convert --salvage three.laz seven-cut.laz both.copc.laz
says err '^scree: warning: seven-cut\.laz: chunk'
! grep -q 'three\.laz: chunk' err || fail "a loss in an undamaged file"
# Nothing is left, or not even a header: a failure.
head -c 445 three.laz > stub.laz
expect 1 convert --salvage stub.laz none.copc.laz
head -c 100 three.laz > stub.laz
expect 1 convert --salvage stub.laz none.copc.laz
absent none.copc.laz
