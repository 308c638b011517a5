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

# Two chunks that are decoded side by side: an error in the second one is heard, and where both have one, that of the first comes first.
noise_at() { # share of the file, in percent
    head -c 2000 /dev/zero | tr '\0' '\252' | dd of=noise.laz bs=1 seek=$((bytes * $1 / 100)) conv=notrunc 2> dd.log
}
cp survey.laz noise.laz
noise_at 92
expect 1 convert noise.laz out.copc.laz --threads 1
says err 'noise\.laz: chunk 1 '
noise_at 40
expect 1 convert noise.laz out.copc.laz --threads 1
says err 'noise\.laz: chunk 0 '
absent out.copc.laz

# Text from the file reaches the terminal without its control characters.
cp survey.laz text.laz
printf '\033[31mred\377' | dd of=text.laz bs=1 seek=26 conv=notrunc 2> dd.log
expect 0 info text.laz
! grep -q "$(printf '\033')" out || fail "an escape sequence came through"
says out '\\x1B\[31mred'
expect 0 info --json text.laz
is_json out
