#!/usr/bin/env bash
# Objects of a real S3 store: signed reads, keys with odd characters, uploads in parts, uploads that end before their time.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
. "$here/_radosgw.sh"
command -v curl > /dev/null || skip "curl is not installed"
unset http_proxy all_proxy ALL_PROXY "${!AWS_@}"
export HOME=$PWD
start_radosgw

# curl signs what is simple enough for it: making buckets and listing them
s3() {
    curl -sf --aws-sigv4 aws:amz:us-east-1:s3 --user AKTEST:SKTEST -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
s3 -X PUT "$endpoint/box" || fail "no bucket can be made"
uploads() { s3 "$endpoint/box?uploads=" | grep -o '<UploadId>' | wc -l; }
keys() { s3 "$endpoint/box" | grep -o '<Key>' | wc -l; }

export NET_ENDPOINT=$endpoint NET_KEY=AKTEST NET_SECRET=SKTEST
make_survey a.laz 60000
"$SCREE" convert a.laz a.copc.laz -q
head -c 30000001 /dev/urandom > large

# Up, and down again.
count=0
for key in plain.laz 'a b+c/ü%20.laz' "x/../y//z~!*'().laz" 'q?u#h&=;:@$,.laz'; do
    "$NET_TOOL" copy a.copc.laz "s3://box/$key" || fail "writing $key"
    "$NET_TOOL" copy "s3://box/$key" back replace || fail "reading $key"
    cmp back a.copc.laz || fail "$key came back different"
    count=$((count + 1))
done
"$NET_TOOL" copy large s3://box/large part=5242880
"$NET_TOOL" copy s3://box/large back replace
cmp back large || fail "large came back different"
"$NET_TOOL" read s3://box/large 29999990 11 | cmp - <(tail -c 11 large) || fail "the last bytes differ"
count=$((count + 1))
[ "$(keys)" = $count ] || fail "$(keys) keys, expected $count"
[ "$(uploads)" = 0 ] || fail "an upload is left"

# What fails leaves nothing.
"$NET_TOOL" copy large s3://box/none close
"$NET_TOOL" copy large s3://box/none late=20000000 2> err && fail "a late patch went through"
says err 'only the first 5242880'
"$NET_TOOL" copy a.laz s3://box/large 2> err && fail "an object was replaced"
says err 'exists already'
[ "$(keys)" = $count ] && [ "$(uploads)" = 0 ] || fail "$(keys) keys and $(uploads) uploads, expected $count and 0"
"$NET_TOOL" copy a.laz s3://box/large replace
"$NET_TOOL" copy s3://box/large back replace
cmp back a.laz || fail "it was not replaced"

# Who may not is told why.
NET_SECRET=wrong "$NET_TOOL" copy s3://box/large back replace 2> err && fail "a wrong secret was accepted"
says err '403, SignatureDoesNotMatch'
NET_KEY=NOBODY "$NET_TOOL" copy s3://box/large back replace 2> err && fail "a wrong key was accepted"
says err 'InvalidAccessKeyId'
env -u NET_KEY -u NET_SECRET "$NET_TOOL" copy s3://box/large back replace 2> err && fail "an unsigned request was accepted"
says err 'not signed'
NET_SECRET=wrong "$NET_TOOL" copy large s3://box/none 2> err && fail "a wrong secret may write"
"$NET_TOOL" copy large s3://nobox/none 2> err && fail "there is no such bucket"
says err 'NoSuchBucket'

# The program finds credentials in the environment and in files.
mkdir -p .aws
printf '[default]\naws_access_key_id = AKTEST\naws_secret_access_key = SKTEST\n' > .aws/credentials
printf '[default]\nregion = us-east-1\nendpoint_url = %s\n[profile other]\nregion = x\n' "$endpoint" > .aws/config
expect 0 info -v s3://box/plain.laz
says err 's3://box/plain.laz: 2 requests'
expect 0 validate "s3://box/a b+c/ü%20.laz"
expect 1 info --s3-anonymous s3://box/plain.laz
# The bucket in the host's name (curl takes what ends in .localhost for this machine); an object that anybody may read.
by_name=http://localhost:${endpoint##*:}
expect 0 info -v --s3-style virtual --s3-endpoint "$by_name" "s3://box/a b+c/ü%20.laz"
says err ': 2 requests'
expect 0 convert a.laz s3://box/by-name.copc.laz --s3-style virtual --s3-endpoint "$by_name" -q
"$NET_TOOL" copy s3://box/by-name.copc.laz back replace
cmp back a.copc.laz || fail "an object that was written by the host's name differs"
s3 -X PUT -H 'x-amz-acl: public-read' --data-binary @a.copc.laz "$endpoint/box/public.copc.laz" || fail "no public object can be made"
mv .aws/credentials kept
expect 0 query --s3-anonymous s3://box/public.copc.laz --level 1 -o public.las -q
expect 0 query s3://box/public.copc.laz --level 1 -o nameless.las -q
expect 0 query a.copc.laz --level 1 -o own.las -q
cmp public.las own.las && cmp nameless.las own.las || fail "an unsigned query differs"
mv kept .aws/credentials
rm -r .aws
export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST
expect 0 info --s3-endpoint "$endpoint" s3://box/plain.laz
AWS_ENDPOINT_URL=$endpoint expect 0 info s3://box/plain.laz
AWS_ENDPOINT_URL=$endpoint AWS_SECRET_ACCESS_KEY=hidden expect 1 info s3://box/plain.laz
! grep -q hidden err || fail "a message holds the secret"

# A conversion from the store into the store is the one from disk to disk.
export AWS_ENDPOINT_URL=$endpoint
make_survey tiles 400000 --tiles 4
for tile in tiles/*; do "$NET_TOOL" copy "$tile" "s3://box/$tile"; done
expect 0 convert tiles local.copc.laz -q
expect 0 convert s3://box/tiles/$(basename "$(ls tiles/* | head -n 1)") $(ls tiles/* | tail -n +2) s3://box/one.copc.laz -q
"$NET_TOOL" copy s3://box/one.copc.laz back replace
cmp back local.copc.laz || fail "the conversion over the network differs"
expect 1 convert tiles s3://box/one.copc.laz -q
says err 'exists already'
expect 0 convert $(ls tiles/* | sed 's|^|s3://box/|') s3://box/one.copc.laz -q --force --memory 256M --threads 1
"$NET_TOOL" copy s3://box/one.copc.laz back replace
cmp back local.copc.laz || fail "the conversion over the network differs"
expect 0 validate s3://box/one.copc.laz
[ "$(uploads)" = 0 ] || fail "an upload is left"
head -c 30000 local.copc.laz > cut.laz
expect 1 convert tiles cut.laz s3://box/cut.copc.laz -q
[ "$(uploads)" = 0 ] || fail "an upload is left after a failure"
# Interrupted, it takes back what it has uploaded.
make_survey big.laz 3000000
"$SCREE" convert big.laz s3://box/big.copc.laz -q --threads 1 2> err &
pid=$!
for i in $(seq 200); do [ "$(uploads)" = 0 ] || break; sleep 0.02; done
[ "$(uploads)" = 1 ] || fail "no upload was begun"
kill -INT $pid
code=0
wait $pid || code=$?
[ $code = 130 ] || fail "exit code $code after an interrupt"
[ "$(uploads)" = 0 ] || fail "an upload is left after an interrupt"

# Queries from the store, and into it, in every format.
for kind in las laz copc.laz csv ply npy; do
    expect 0 query local.copc.laz --level 3 --where 'intensity > 100' -o mine.$kind -q --force
    expect 0 query s3://box/one.copc.laz --level 3 --where 'intensity > 100' -o s3://box/q.$kind -q
    "$NET_TOOL" copy "s3://box/q.$kind" back replace
    cmp back mine.$kind || fail "a query from store to store differs: $kind"
done
expect 1 query local.copc.laz -o s3://box/q.las -q
says err 'exists already'
expect 0 query s3://box/one.copc.laz --class 2 -o s3://box/q.las -q --force
expect 0 query local.copc.laz --class 2 -o mine.las -q --force
"$NET_TOOL" copy s3://box/q.las back replace
cmp back mine.las || fail "an object was not replaced"
expect 1 query cut.laz -o s3://box/none.las -q
AWS_SECRET_ACCESS_KEY=wrong expect 1 query local.copc.laz -o s3://box/none.las -q
says err '403'
! "$NET_TOOL" copy s3://box/none.las back replace 2> err || fail "a failed query left an object"
[ "$(uploads)" = 0 ] || fail "an upload is left"

AWS_PROFILE=none expect 2 info s3://box/plain.laz
echo "radosgw: done"
