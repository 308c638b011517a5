# A survey is made, converted, validated and shown; every --json is JSON; the dates are those asked for.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

expect 0 synth survey.laz --points 120K --seed 7
says err '120,000 points'
[ ! -s out ] || fail "synth wrote to stdout"
expect 0 synth survey2.laz --points 0.12M --seed 7 --json --quiet
is_json out
! grep -v "^scree: warning: " err || fail "synth --quiet is not quiet"
cmp survey.laz survey2.laz || fail "the same seed, another survey"

expect 0 convert survey.laz city.copc.laz --progress none
says err '120,000 points in = 120,000 points out'
says err 'peak resident'
[ ! -s out ] || fail "convert wrote to stdout"
expect 0 convert survey.laz city2.copc.laz --json --quiet --threads 1 --memory 50% --tmp .
is_json out
says out '"points_out":[[:space:]]*120000'
! grep -v "^scree: warning: " err || fail "convert --quiet is not quiet"
cmp city.copc.laz city2.copc.laz || fail "the number of threads changes the output"
expect 0 convert city.copc.laz again.copc.laz -v
says err '^ *level +nodes'

expect 0 validate city.copc.laz
says out '^city\.copc\.laz: valid COPC 1\.0: 120,000 points in [0-9,]+ nodes?, 0 errors, '
expect 0 validate --shallow city.copc.laz
expect 0 validate --json city.copc.laz survey.laz
is_json out
says out '"valid":[[:space:]]*true'
expect 4 validate city.copc.laz missing.laz
says out '^city\.copc\.laz: valid'
says err '^scree: .*missing\.laz'
cp city.copc.laz broken.copc.laz
printf '\377\377\377\377' | dd of=broken.copc.laz bs=1 seek=437 conv=notrunc 2> dd.log
expect 1 validate broken.copc.laz
says out '^ERROR [A-Za-z0-9-]+: '
says out '^broken\.copc\.laz: NOT valid'

expect 0 info city.copc.laz
says out '^city\.copc\.laz: LAZ 1\.4, COPC 1\.0'
says out '^  points +120,000, format 6'
says out '^ +0 +1 '
expect 0 info survey.laz city.copc.laz --json --nodes
is_json out
says out '"key":'
[ "$(points_of city.copc.laz)" = 120000 ] || fail "points of city.copc.laz: $(points_of city.copc.laz)"
expect 0 info --nodes city.copc.laz
says out '^  0-0-0-0 '
expect 4 info survey.laz missing.laz city.copc.laz
says out '^survey\.laz: LAZ'
says out '^city\.copc\.laz: LAZ'
says err '^scree: .*missing\.laz'
expect 1 info missing.laz
expect 4 info --json survey.laz missing.laz
is_json out

SOURCE_DATE_EPOCH=1582934400 expect 0 convert survey.laz dated.copc.laz -q
expect 0 info dated.copc.laz
says out '^  made +2020-02-29'

expect 0 convert survey.laz plain.copc.laz --progress plain
says err '^scree: [a-z]+ .*120K'
expect 0 convert survey.laz json.copc.laz --progress json -q
expect 0 convert survey.laz json2.copc.laz --progress json
grep '^{' err > lines || fail "--progress json says nothing"
says lines '^\{"schema":1,"stage":"[a-z ]+","done":[0-9]+,"total":[0-9]+,"memory_bytes":[0-9]+,"budget_bytes":[0-9]+,"scratch_bytes":[0-9]+,"seconds":[0-9.]+,"seconds_left":([0-9.]+|null),"resident_bytes":[1-9][0-9]+\}$'
expect 0 convert survey.laz auto.copc.laz
! grep -q "$(printf '\r')" err || fail "a bar in a file"
