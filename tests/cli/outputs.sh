# Nothing is overwritten without --force, and a run that fails leaves what was there.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 50K
echo precious > out.copc.laz
cp out.copc.laz before
expect 1 convert survey.laz out.copc.laz
says err 'exists already'
cmp -s out.copc.laz before || fail "the existing file was touched"
expect 0 convert survey.laz out.copc.laz --force -q
[ "$(points_of out.copc.laz)" = 50000 ] || fail "--force did not replace"
expect 1 synth survey.laz --points 10
says err 'exists already'
[ "$(points_of survey.laz)" = 50000 ] || fail "synth touched the existing file"

expect 0 convert survey.laz dry.copc.laz --dry-run
says out '^points +50,000$'
says out '^memory .*: fits$'
absent dry.copc.laz
expect 0 convert survey.laz dry.copc.laz --dry-run --json
is_json out
says out '"dry_run":[[:space:]]*true'
absent dry.copc.laz

# A budget that is too small: the message names one that works.
make_survey larger.laz 600K
expect 3 convert larger.laz small.copc.laz --memory 1M
says err 'needs at least .*: --memory [0-9]+M$'
absent small.copc.laz
need=$(sed -n 's/.*--memory \([0-9]*M\)$/\1/p' err)
expect 0 convert larger.laz small.copc.laz -q --memory "$need"
expect 3 convert larger.laz dry.copc.laz --memory 1M --dry-run
says out 'does NOT fit$'
absent dry.copc.laz

cp out.copc.laz before
expect 2 convert survey.laz ./out.copc.laz out.copc.laz --force
says err 'both an input and the output'
cmp -s out.copc.laz before || fail "the existing file was touched"
expect 1 convert survey.laz no-such-folder/out.copc.laz
expect 1 convert missing.laz new.copc.laz
says err 'missing\.laz'
absent new.copc.laz

# stdout that takes nothing
if [ -w /dev/full ]; then
    code=0
    "$SCREE" info survey.laz > /dev/full 2> err || code=$?
    [ $code = 1 ] || fail "info > /dev/full: exit code $code"
    says err 'standard output'
    code=0
    "$SCREE" --help > /dev/full 2> err || code=$?
    [ $code = 1 ] || fail "--help > /dev/full: exit code $code"
fi
code=0
"$SCREE" info survey.laz >&- 2> err || code=$?
[ $code = 1 ] || fail "info with stdout closed: exit code $code"
