# The members of validate's JSON document are those that docs/validate.md lists: scripts rely on them.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

make_survey survey.laz 30K
expect 0 convert survey.laz city.copc.laz -q --temporal-index 10
cp city.copc.laz broken.copc.laz
printf '\007' | dd of=broken.copc.laz bs=1 seek=255 conv=notrunc 2> dd.log
expect 1 validate --json city.copc.laz broken.copc.laz missing.copc.laz
is_json out
members=$(grep -o '"[a-z_]*":' out | sort -u | tr -d '":' | tr '\n' ' ')
wanted='command count error errors file files files_not_readable files_not_valid files_valid findings kind message minds nodes pages points points_checked rule rules schema severity temporal_pages temporal_stride valid warnings '
[ "$members" = "$wanted" ] || fail "members: $members"
for member in $members; do
    grep -q "\`$member\`" "$SCREE_SOURCE_DIR/docs/validate.md" || fail "docs/validate.md does not name $member"
done
says out '"schema":[[:space:]]*1'
says out '"kind":[[:space:]]*"COPC 1.0"'
says out '"severity":[[:space:]]*"error"'
says out '"temporal_stride":[[:space:]]*10'
says out '"rule":[[:space:]]*"LAS-return-counts"'

# One screen: two findings of a rule, the rest counted; -v shows more.
cp city.copc.laz dark.copc.laz
"$SCREE" info city.copc.laz --json > info.json
at=$(grep -A5 '"copc_temporal"' info.json | sed -n 's/.*"offset":[[:space:]]*\([0-9]*\).*/\1/p' | head -n 1)
head -c 4096 /dev/zero | tr '\0' '\100' | dd of=dark.copc.laz bs=1 seek=$((at + 32)) conv=notrunc 2> dd.log
expect 1 validate dark.copc.laz
[ "$(wc -l < out)" -le 24 ] || fail "the report takes more than a screen"
