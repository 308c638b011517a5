# SCREE_CPU chooses the instructions: the same bytes at every level, and a clear error for what is unknown or not there.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
export SOURCE_DATE_EPOCH=1700000000

# make LEVEL: both kinds of LAZ, read and written at this level
make() {
    SCREE_CPU=$1 "$SCREE" synth "six-$1.laz" --points 30K --format 8 -q 2> err || return $?
    SCREE_CPU=$1 "$SCREE" synth "three-$1.laz" --points 30K --format 3 -q 2> err || return $?
    SCREE_CPU=$1 "$SCREE" convert "three-$1.laz" "out-$1.copc.laz" -q --json > out 2> err || return $?
    grep -q "\"cpu\":[[:space:]]*\"$1\"" out || fail "SCREE_CPU=$1 is not in force"
}
make plain || fail "SCREE_CPU=plain: exit code $?"
compared=0
for level in avx2 avx512; do
    code=0
    make $level || code=$?
    if [ $code = 1 ]; then # the machine has it not, and the program says so
        says err "^scree: SCREE_CPU: this processor has no $level; '(plain|avx2)' is the most it can do"
        continue
    fi
    [ $code = 0 ] || fail "SCREE_CPU=$level: exit code $code"
    for name in six-%.laz three-%.laz out-%.copc.laz; do
        cmp "${name%\%*}plain${name#*%}" "${name%\%*}$level${name#*%}" || fail "other bytes with $level"
    done
    compared=$((compared + 1))
done
for level in '' none; do
    if [ -z "$level" ]; then export SCREE_CPU=; else unset SCREE_CPU; fi
    "$SCREE" synth six.laz --points 30K --format 8 -q --force
    cmp six-plain.laz six.laz || fail "other bytes without SCREE_CPU"
done

for wrong in sse9 AVX2 avx 'avx2 ' 0; do
    code=0
    SCREE_CPU=$wrong "$SCREE" convert six-plain.laz no.copc.laz > out 2> err || code=$?
    [ $code = 2 ] || fail "SCREE_CPU='$wrong': exit code $code, expected 2"
    says err "^scree: SCREE_CPU: expected 'plain', 'avx2' or 'avx512', got '$wrong'"
    absent no.copc.laz
done
echo "plain and $compared more levels"
