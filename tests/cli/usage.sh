# Help, version, and every kind of mistake in a call: exit code 2 and a hint.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

expect 0 --version
says out '^scree [0-9]+\.[0-9]+\.[0-9]+$'
expect 0 --help
for command in convert info validate amend synth; do
    says out "^  $command "
done
expect 0 help
for command in convert info validate amend synth; do
    expect 0 help $command
    says out "^usage: scree $command "
    says out '^Example:'
    cp out first
    expect 0 $command --help
    cmp -s out first || fail "help $command and $command --help differ"
    [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' out)" -le 80 ] || fail "help of $command is wider than 80"
    expect 0 $command --version
    says out '^scree '
done

expect 2
expect 2 cnvert
says err "do you mean 'convert'"
expect 2 help nothing-like-it
expect 2 --no-such-option
expect 2 convert
says err 'scree convert --help'
expect 2 convert only.las
expect 2 convert a.las b.las
says err 'copc\.laz'
expect 2 convert a.las out.copc.laz --memry 2G
says err 'do you mean --memory'
expect 2 convert a.las out.copc.laz -Z
expect 2 convert a.las out.copc.laz --memory
says err 'argument is missing'
expect 2 convert a.las out.copc.laz --force=yes
says err 'takes no argument'
expect 2 convert a.las out.copc.laz --progress loud
says err 'auto\|plain\|json\|none'
expect 2 info
expect 2 info --memory 2G x.las
expect 2 validate

for size in 4g2 '2 G' G -1 0 2X '' 1e9 101% 0% 99999999999999999999; do
    expect 2 convert a.las out.copc.laz --memory "$size"
    says err '--memory'
done
for count in 0 -1 1.5 20M5 M 1e6 ' 5' 5KK 0x10 '' 18446744073709551616 20000000000G; do
    expect 2 synth out.laz --points "$count"
    says err '--points'
done
for number in 0 -1 2K 1025 x; do
    expect 2 convert a.las out.copc.laz --threads "$number"
done
for scale in 0 -0.1 x 0.1,0.1 0.1,0.1,0.1,0.1 '0.1,' nan inf 0x1 ''; do
    expect 2 convert a.las out.copc.laz --scale "$scale"
done
expect 2 synth out.laz
says err '--points'
expect 2 synth out.laz --points 10 --density 0
expect 2 synth out.laz --points 10 --format 11
expect 2 synth a.laz b.laz --points 10
for date in 1x -1 '' 1.5; do
    code=0
    SOURCE_DATE_EPOCH=$date "$SCREE" convert a.las out.copc.laz > out 2> err || code=$?
    [ $code = 2 ] || fail "SOURCE_DATE_EPOCH='$date': exit code $code"
    says err SOURCE_DATE_EPOCH
done
absent out.laz a.laz b.laz out.copc.laz
