# A disk that is full, for the output and for scratch: exit code 1, a message that names the place, and nothing left on it. Needs the right
# to mount a tmpfs.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

mkdir disk
if ! mount -t tmpfs -o size=1m none disk 2> /dev/null; then
    echo "no right to mount: skipped"
    exit 77
fi
trap 'umount disk' EXIT

empty() { [ -z "$(ls -A disk)" ] || fail "left on the full disk: $(ls -A disk)"; }

make_survey survey.laz 500K
expect 0 convert survey.laz whole.copc.laz -q

# The output, new.
expect 1 convert survey.laz disk/out.copc.laz -q
says err '^scree: disk/out.copc.laz.part: cannot write: No space left on device'
empty

# The output, where one is already.
echo "what was there before" > disk/out.copc.laz
expect 1 convert survey.laz disk/out.copc.laz --force -q
[ "$(cat disk/out.copc.laz)" = "what was there before" ] || fail "the old output was touched"
[ "$(ls -A disk)" = out.copc.laz ] || fail "left on the full disk: $(ls -A disk)"
rm disk/out.copc.laz

# Scratch: said before anything is written.
make_survey large.laz 3M
expect 1 convert large.laz out.copc.laz --memory 96M --tmp disk -q
says err 'scratch folder disk: [0-9]+ bytes are needed, [0-9]+ are free \(--tmp names another\)'
empty
absent out.copc.laz

# Where --tmp names no other, scratch is beside the output.
expect 1 convert large.laz disk/out.copc.laz --memory 96M -q
says err 'scratch folder disk: [0-9]+ bytes are needed'
empty

# Scratch, filled by another while the run goes on.
mount -o remount,size=120m disk
: > err
"$SCREE" convert large.laz out.copc.laz --memory 96M --tmp disk --progress json > out 2> err &
job=$!
for _ in $(seq 3000); do
    ! grep -q '"sample"' err || break # scratch is open
    sleep 0.01
done
kill -s STOP $job
dd if=/dev/zero of=disk/other bs=1M status=none 2> /dev/null || true
kill -s CONT $job
code=0
wait $job || code=$?
[ $code = 1 ] || fail "exit code $code, expected 1"
says err '^scree: cannot write scratch in disk: No space left on device'
rm disk/other
empty
absent out.copc.laz
[ "$(df --output=used disk | tail -n 1)" -le 64 ] || fail "scratch still takes room"
