#!/usr/bin/env bash
# examples/laz_read.c, which knows nothing of scree but the codec, reads what scree writes: LAZ of both kinds of points, fixed and varying chunks.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

# The header's bounds as `info` tells them.
of_info() { "$SCREE" info --json "$1" | tr -d ' \t\n' | sed -n "s/.*\"$2\":\[[^],]*,[^],]*,\([-0-9.e]*\)\].*/\1/p"; }

for format in 0 1 3 5 6 7 8 10; do
    make_survey f$format.laz 7K --format $format --chunk-size 1500
done
"$SCREE" convert f7.laz f7.copc.laz -q
for file in f*.laz; do
    said=$("$LAZ_READ" "$file") || fail "laz_read $file"
    low=$(of_info "$file" min) high=$(of_info "$file" max)
    want=$(printf '7000 points, z from %.3f to %.3f' "$low" "$high")
    [ -n "$low" ] && [ "$said" = "$want" ] || fail "laz_read $file: '$said' instead of '$want'"
done
# And it fails as it should.
head -c 9000 f7.laz > cut.laz
! "$LAZ_READ" cut.laz > out 2>&1 || fail "a file without its chunk table"
head -c 300 f7.laz > cut.laz
! "$LAZ_READ" cut.laz > out 2>&1 || fail "a file without its header"
for file in f1.laz f3.laz; do
    cp "$file" noise.laz
    head -c 400 /dev/zero | tr '\0' '\252' | dd of=noise.laz bs=1 seek=6000 conv=notrunc 2> dd.log
    code=0
    "$LAZ_READ" noise.laz > out 2>&1 || code=$?
    [ $code = 1 ] || fail "noise in $file: exit code $code"
done
