# A file that would become larger than `ulimit -f` allows: a failed write like any other.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 500K
mkdir work
echo "what was there before" > work/old.copc.laz
(ulimit -f 256 && expect 1 convert survey.laz work/new.copc.laz -q)
says err '^scree: work/new.copc.laz.part: cannot write: File too large'
(ulimit -f 256 && expect 1 convert survey.laz work/old.copc.laz --force -q)
[ "$(cat work/old.copc.laz)" = "what was there before" ] || fail "the old output was touched"
[ "$(ls -A work)" = old.copc.laz ] || fail "left behind: $(ls -A work)"

make_survey large.laz 3M
mkdir tmp
(ulimit -f 8192 && expect 1 convert large.laz work/new.copc.laz --memory 96M --tmp tmp -q)
says err '^scree: cannot write scratch in tmp: File too large'
[ -z "$(ls -A tmp)" ] || fail "left in scratch: $(ls -A tmp)"
absent work/new.copc.laz

(ulimit -f 8 && expect 1 synth work/made.laz --points 100K -q)
says err 'File too large'
absent work/made.laz
