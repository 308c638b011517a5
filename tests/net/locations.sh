#!/usr/bin/env bash
# What the program makes of locations and of AWS configurations, without a network.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY "${!AWS_@}"
export HOME=$PWD
make_survey a.laz 1000
dead=http://127.0.0.1:$(free_port)

expect 1 info gs://bucket/key
says err 'gs://: expected a path, or http://, https:// or s3://'
expect 2 info s3://bucket
says err 'expected s3://bucket/key'
expect 2 info http://
expect 1 info "http://me:hidden@${dead#http://}/x?token=hidden"
says err "^scree: $dead/x: .*(after 2 attempts)"
expect 1 info --json "http://me:hidden@${dead#http://}/x?token=hidden"
! grep -q hidden out err || fail "a secret is shown"
expect 1 convert a.laz http://127.0.0.1/x.copc.laz
says err 'an output is a local file or s3://'
expect 2 convert s3://b/a.laz s3://b/a.laz s3://b/a.laz
says err 'comes last and ends in .copc.laz'
expect 2 convert s3://b/x.copc.laz s3://b/x.copc.laz
says err 'both an input and the output'

# A configuration that is wrong matters to s3:// alone, and its text is never shown.
mkdir .aws
printf '[default]\naws_secret_access_key hidden\n' > .aws/credentials
expect 0 info a.laz
expect 1 info --s3-endpoint "$dead" s3://b/k
says err 'credentials: line 2: expected'
! grep -q hidden err || fail "a secret is shown"
printf '[default]\naws_access_key_id = AK\naws_secret_access_key = hidden\n[profile x]\nregion = y\n' > .aws/credentials
expect 1 info --s3-endpoint "$dead" s3://b/k
says err "^scree: s3://b/k: .*connect"
! grep -q hidden err || fail "a secret is shown"
AWS_PROFILE=none expect 2 info --s3-endpoint "$dead" s3://b/k
says err "there is no profile 'none'"
expect 2 info --s3-endpoint host s3://b/k
says err 'S3 endpoint: expected https://host'
expect 2 info --s3-region 'a b' s3://b/k
says err 'S3 region'
AWS_ACCESS_KEY_ID=AK expect 2 info --s3-endpoint "$dead" s3://b/k
says err 'key and secret belong together'

# A proxy is used where one is named.
http_proxy=$dead expect 1 info http://192.0.2.1/x
says err 'connect'
http_proxy=$dead no_proxy=127.0.0.1 expect 1 info "$dead/x"
says err 'connect'
echo "locations: done"
