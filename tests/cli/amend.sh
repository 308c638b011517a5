# A COPC file gets a temporal index, another CRS and a true header; what cannot be done is refused and leaves it as it was.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 60K
expect 0 convert survey.laz plain.copc.laz -q
expect 0 convert survey.laz indexed.copc.laz -q --temporal-index 50
expect 0 convert survey.laz dry.copc.laz --dry-run --temporal-index auto
says out '^times +index with a stride of 100$'
absent dry.copc.laz

cp plain.copc.laz file.copc.laz
expect 0 amend file.copc.laz --temporal-index 50
says err '^  temporal index: stride 50, [0-9]+ bytes$'
says err '^file.copc.laz: 1 change in place, 60,000 points'
cmp -s file.copc.laz indexed.copc.laz || fail "amend and convert make different indices"
expect 0 validate file.copc.laz
says out 'indexed by time with a stride of 50'

# A copy leaves the file as it is; links and modes stay.
expect 0 amend plain.copc.laz --temporal-index 50 -o copy.copc.laz -q
cmp -s copy.copc.laz indexed.copc.laz || fail "the copy is another file"
[ ! -s err ] || fail "-q says something"
expect 1 amend plain.copc.laz --temporal-index 50 -o copy.copc.laz
says err 'exists already'
expect 0 amend plain.copc.laz --temporal-index 60 -o copy.copc.laz --force -q
ln -s file.copc.laz link.copc.laz
chmod 640 file.copc.laz
expect 0 amend link.copc.laz --crs 'LOCAL_CS["another place",UNIT["metre",1]]' --json
is_json out
says out '"in_place":[[:space:]]*false'
says out '"CRS: '
[ -L link.copc.laz ] || fail "the link was replaced"
[ "$(stat -c %a file.copc.laz)" = 640 ] || fail "the mode has changed"
expect 0 validate file.copc.laz
says out 'stride of 50, 0 errors, 0 warnings$'
expect 0 amend file.copc.laz --repair-header
says err '^file.copc.laz: nothing to change$'

# Header: the largest x, and the count of first returns.
printf '\377' | dd of=file.copc.laz bs=1 seek=184 conv=notrunc 2> dd.log
printf '\007' | dd of=file.copc.laz bs=1 seek=255 conv=notrunc 2> dd.log
expect 1 validate file.copc.laz
expect 0 amend file.copc.laz --repair-header
says err '^  points of return 1: '
says err '^file.copc.laz: 2 changes in place'
expect 0 validate file.copc.laz
says out ' 0 errors, 0 warnings$'

expect 2 amend
expect 2 amend plain.copc.laz
says err 'what is to be changed'
expect 2 amend plain.copc.laz --temporal-index 0
expect 2 amend plain.copc.laz --temporal-index often
says err 'expected auto or a whole number'
expect 2 amend plain.copc.laz file.copc.laz --repair-header
expect 1 amend survey.laz --repair-header
says err 'not a COPC file'
expect 1 amend missing.copc.laz --repair-header
cp plain.copc.laz before
chmod 600 plain.copc.laz
expect 3 amend plain.copc.laz --temporal-index 1 --memory 64K
cmp -s plain.copc.laz before || fail "a failed run changed the file"

# Samples that do not fit go through scratch; a budget that is too small names one that does.
cp plain.copc.laz small.copc.laz
expect 3 amend small.copc.laz --temporal-index 1 --memory 3M
need=$(sed -n 's/.*--memory \([0-9]*M\)$/\1/p' err)
[ -n "$need" ] || fail "no budget is named"
expect 0 amend small.copc.laz --temporal-index 1 --memory "$need" -q
cp plain.copc.laz large.copc.laz
expect 0 amend large.copc.laz --temporal-index 1 -q
cmp -s small.copc.laz large.copc.laz || fail "the budget changes the index"
