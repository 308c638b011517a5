# All core features but height against numpy.linalg.eigh in double precision, neighbours by a full scan: a made-up survey and a real one.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

python=
for candidate in python3 /usr/bin/python3; do # Debian's package is for Debian's own
    [ -n "$python" ] || ! "$candidate" -c 'import numpy' 2> /dev/null || python=$candidate
done
[ -n "$python" ] || {
    echo "no numpy for python3 here (Debian: python3-numpy)"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
    exit 77
}

# compare FILE SAMPLES K
compare() {
    expect 0 enrich "$1" enriched.las -q --force --neighbors none --k "$3"
    "$python" "$SCREE_SOURCE_DIR/tests/oracle/enrich_numpy.py" enriched.las "$3" "$2" || fail "$1: other values"
}

expect 0 synth survey.laz --points 15000 --seed 5
compare survey.laz 2000 20
compare survey.laz 500 7
real=${SCREE_TEST_DATA:-}/lidar
if [ -f "$real/autzen_trim.laz" ]; then
    compare "$real/autzen_trim.laz" 500 20
    compare "$real/test_data_77055_627755_LA93_IGN69.laz" 1000 20
else
    echo "SCREE_TEST_DATA has no real files: the made-up one alone"
fi
