# Damaged inputs: exit code 1, a message with the file's name, no output.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 60K
bytes=$(wc -c < survey.laz)
for share in 1 5 20 50 90 99; do
    head -c $((bytes * share / 100)) survey.laz > cut.laz
    expect 1 convert cut.laz out.copc.laz
    says err '^scree: .*cut\.laz'
    absent out.copc.laz
done
: > empty.laz
expect 1 convert empty.laz out.copc.laz
says err 'empty\.laz'
expect 1 info empty.laz
expect 1 convert survey.laz empty.laz out.copc.laz
absent out.copc.laz

# Noise in the middle of the points.
cp survey.laz noise.laz
head -c 2000 /dev/zero | tr '\0' '\252' | dd of=noise.laz bs=1 seek=$((bytes / 2)) conv=notrunc 2> dd.log
expect 1 convert noise.laz out.copc.laz
says err 'noise\.laz'
absent out.copc.laz

# Text from the file reaches the terminal without its control characters.
cp survey.laz text.laz
printf '\033[31mred\377' | dd of=text.laz bs=1 seek=26 conv=notrunc 2> dd.log
expect 0 info text.laz
! grep -q "$(printf '\033')" out || fail "an escape sequence came through"
says out '\\x1B\[31mred'
expect 0 info --json text.laz
is_json out
