# Descriptors of the added dimensions by a reader that was written from the LAS specification alone, in three ways of storing them and in old and new point formats.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

command -v python3 > /dev/null 2>&1 || {
    echo "no python3 here (tools/setup oracle installs it)"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
    exit 77
}
reader=$SCREE_SOURCE_DIR/tests/oracle/enrich_descriptors.py

for format in 3 6; do
    expect 0 synth bare.las --points 8000 --seed 3 --format $format --force -q
    common="bare.las -q --force --neighbors none --mode building --report none --k 12"
    expect 0 enrich $common plain.las --ground-reach 0.2
    expect 0 enrich $common compact.las --ground-reach 0.2 --compact
    expect 0 enrich $common ign.las --ground-reach 0.2 --names ign
    python3 "$reader" bare.las plain.las compact.las ign.las || fail "format $format"
done
