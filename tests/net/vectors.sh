#!/usr/bin/env bash
# An index behind nginx: a cold search gives what it gives on a disk, in one request for the head, one a list, and no more than ten for rows.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || skip "nginx is not installed"
command -v openssl > /dev/null || skip "openssl is not installed"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY

# 20 000 rows of 64 bytes from a stream that is the same everywhere: four times the stream, each time 4 bytes further on.
mkdir www t
openssl enc -aes-128-ctr -K 00000000000000000000000000000001 -iv 00000000000000000000000000000000 -in /dev/zero 2> /dev/null |
    head -c 320064 > stream
for row in 0 4 8 12; do tail -c "+$((row + 1))" stream | head -c 320000; done > rows.u1
head -c 640 stream > queries.u1
expect 0 index build rows.u1 www/it.svx --format u1 --dim 64 --lists 40 --bits 5 --rerank fp16 -q

port=$(free_port)
cat > nginx.conf <<X
daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/error.log;
events { worker_connections 64; }
http {
    access_log $PWD/access.log;
    client_body_temp_path $PWD/t; proxy_temp_path $PWD/t; fastcgi_temp_path $PWD/t; uwsgi_temp_path $PWD/t; scgi_temp_path $PWD/t;
    server { listen 127.0.0.1:$port; root $PWD/www; }
}
X
"$nginx" -c "$PWD/nginx.conf" 2> /dev/null &
server_pids+=($!)
wait_for "$port"

for query in 0 1 2 3 4; do
    tail -c "+$((64 * query + 1))" queries.u1 | head -c 64 > query.u1
    expect 0 index search www/it.svx --query query.u1 --format u1 --dim 64 -k 10 --nprobe 6
    cp out local
    : > access.log
    expect 0 index search "http://127.0.0.1:$port/it.svx" --query query.u1 --format u1 --dim 64 -k 10 --nprobe 6
    cmp out local || fail "query $query: other results over the network"
    requests=$(wc -l < access.log)
    [ "$requests" -le 17 ] || fail "query $query took $requests requests, expected 1 + 6 + 10 at most"
    [ "$requests" -ge 2 ] || fail "query $query took $requests requests: was the index read at all?"
done
