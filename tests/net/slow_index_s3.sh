#!/usr/bin/env bash
# An index in a real S3 store: built into it, the bytes of a local build; searched from it; a build that fails leaves no object.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
. "$here/_radosgw.sh"
command -v curl > /dev/null || skip "curl is not installed"
command -v python3 > /dev/null || skip "python3 is not installed, which makes the vectors"
unset http_proxy all_proxy ALL_PROXY "${!AWS_@}"
export HOME=$PWD
start_radosgw

s3() {
    curl -sf --aws-sigv4 aws:amz:us-east-1:s3 --user AKTEST:SKTEST -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
s3 -X PUT "$endpoint/box" || fail "no bucket can be made"
export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST AWS_ENDPOINT_URL=$endpoint AWS_REGION=us-east-1

python3 - << 'MADE'
import random, struct
random.seed(4)
centres = [[random.gauss(0, 3) for _ in range(128)] for _ in range(30)]
with open('v.fvecs', 'wb') as f, open('q.fvecs', 'wb') as q:
    for i in range(15000):
        row = struct.pack('<I128f', 128, *[x + random.random() for x in centres[i * i % 30]])
        f.write(row)
        if i < 5:
            q.write(row)
with open('bad.fvecs', 'wb') as f:
    f.write(open('v.fvecs', 'rb').read())
    f.write(struct.pack('<I128f', 128, *[float('inf')] * 128))
MADE
expect 0 index build v.fvecs near.svx --bits 4 --rerank fp32 -q
expect 0 index build v.fvecs s3://box/far.svx --bits 4 --rerank fp32 -q --memory 128M
s3 "$endpoint/box/far.svx" -o back.svx || fail "there is no object"
cmp -s near.svx back.svx || fail "another index than on disk"
expect 0 index search near.svx --query q.fvecs -k 5 --nprobe 8
cp out near
expect 0 index search s3://box/far.svx --query q.fvecs -k 5 --nprobe 8
cmp -s out near || fail "other neighbours"
expect 0 index verify s3://box/far.svx
expect 0 index eval s3://box/far.svx --dry-run --query q.fvecs
expect 1 index build v.fvecs s3://box/far.svx -q
says err 'exists already'
expect 1 index build bad.fvecs s3://box/none.svx -q
! s3 "$endpoint/box/none.svx" -o none || fail "a build that failed left an object"
expect 1 index delete s3://box/far.svx 1
