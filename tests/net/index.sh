#!/usr/bin/env bash
# A cold search of an index behind nginx: at most 1 + nprobe + 10 requests in 3 round trips, the same neighbours as from the disk; a changed byte is
# noticed; a plan reads the head alone.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || skip "nginx is not installed"
command -v python3 > /dev/null || skip "python3 is not installed, which makes the vectors"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY

mkdir www t
python3 - << 'MADE'
import random, struct
random.seed(4)
centres = [[random.gauss(0, 3) for _ in range(192)] for _ in range(40)]
with open('v.fvecs', 'wb') as f, open('q.fvecs', 'wb') as q:
    for i in range(12000):
        c = centres[i * i % 40]
        row = struct.pack('<I192f', 192, *[x + random.random() for x in c])
        f.write(row)
        if i == 777:
            q.write(row)
MADE
# Blocks of about 100 KB, and rows so long that the file is many times larger than what one request brings.
"$SCREE" index build v.fvecs www/v.svx --bits 5 --lists 24 --rerank fp32 -q
port=$(free_port)
cat > nginx.conf << X
daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/error.log;
events { worker_connections 64; }
http {
    log_format ranges '\$status \$http_range \$bytes_sent';
    access_log $PWD/access.log ranges;
    client_body_temp_path $PWD/t; proxy_temp_path $PWD/t; fastcgi_temp_path $PWD/t; uwsgi_temp_path $PWD/t; scgi_temp_path $PWD/t;
    server { listen 127.0.0.1:$port; root $PWD/www; }
}
X
"$nginx" -c "$PWD/nginx.conf" 2> /dev/null &
server_pids+=($!)
wait_for "$port"
url=http://127.0.0.1:$port

for nprobe in 1 4 8; do
    expect 0 index search www/v.svx --query q.fvecs -k 10 --nprobe $nprobe
    cp out near
    : > access.log
    expect 0 index search "$url/v.svx" --query q.fvecs -k 10 --nprobe $nprobe
    cmp -s out near || fail "nprobe $nprobe: other neighbours than from the disk"
    requests=$(wc -l < access.log)
    echo "nprobe $nprobe: $requests requests, $(awk '{ n += $NF } END { print n }' access.log) bytes"
    [ "$requests" -ge 2 ] || fail "nprobe $nprobe: $requests requests: nothing to count"
    [ "$requests" -le $((1 + nprobe + 10)) ] || fail "nprobe $nprobe: $requests requests"
done
: > access.log
expect 0 index plan "$url/v.svx" --query q.fvecs --nprobe 4
[ "$(wc -l < access.log)" = 1 ] || fail "a plan takes $(wc -l < access.log) requests"
# The block of the nearest list, changed at its begin.
offset=$(awk -F '\t' '$1 == 0 { print $3; exit }' out)
cp www/v.svx www/bad.svx
printf '\377' | dd of=www/bad.svx bs=1 seek="$offset" conv=notrunc 2> /dev/null
cmp -s www/v.svx www/bad.svx && printf '\001' | dd of=www/bad.svx bs=1 seek="$offset" conv=notrunc 2> /dev/null
expect 1 index search "$url/bad.svx" --query q.fvecs -k 10 --nprobe 4
says err "at byte $offset have the CRC"
