# A million vectors of 768 dimensions in 256 MiB: the resident set stays within 16 MiB of that, 4 bytes of scratch a vector and the centroids, 112 bytes of
# codes a vector; the time is printed.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out | tail -n 1; }

"$MAKE_VECTORS" v.fbin 1000000 768
begin=$(date +%s%N)
expect 0 index build v.fbin v.svx --rerank none --json -q -t 2 --memory 256M
echo "built in $((($(date +%s%N) - begin) / 1000000)) ms, resident $(($(value_of peak_resident_bytes) >> 20)) MiB, scratch $(value_of scratch_bytes)"
[ -n "${SCREE_SANITIZE:-}" ] || [ "$(value_of peak_resident_bytes)" -le $((272 * 1024 * 1024)) ] || fail "resident $(value_of peak_resident_bytes)"
[ "$(value_of scratch_bytes)" -le 8000000 ] || fail "scratch $(value_of scratch_bytes)"
expect 0 index info v.svx --json
[ "$(value_of codes_bytes)" -le 112100000 ] || fail "codes of $(value_of codes_bytes) bytes"
expect 0 index verify v.svx
