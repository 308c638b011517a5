#!/usr/bin/env bash
# An index of three segments behind a server that lets each request wait: a cold search takes the manifest, the codes of all segments and the rows of all
# segments: 3 round trips, at most 1 + nprobe a segment + 10 requests, with 1 bit and many rows to compare. The results are those from the disk.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
command -v python3 > /dev/null || skip "python3 is not installed, which makes the vectors and serves them"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY

mkdir www
cat > server.py << 'SERVED'
import http.server, os, re, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *_): pass
    def do_GET(self):
        begun = time.monotonic()
        path = 'www' + self.path
        if not os.path.exists(path):
            self.send_response(404)
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        size = os.path.getsize(path)
        first, last = re.match(r'bytes=(\d+)-(\d+)', self.headers['Range']).groups()
        first, last = int(first), min(int(last), size - 1)
        with open('access.log', 'a') as log:
            log.write('%.3f %s %d\n' % (begun, self.path, last + 1 - first))
        time.sleep(float(open('delay').read()))
        with open(path, 'rb') as f:
            f.seek(first)
            body = f.read(last + 1 - first)
        self.send_response(206)
        self.send_header('Content-Range', 'bytes %d-%d/%d' % (first, last, size))
        self.send_header('Content-Length', str(len(body)))
        self.send_header('ETag', '"%d-%d"' % (os.stat(path).st_ino, size))
        self.end_headers()
        self.wfile.write(body)
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
Server(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
SERVED
python3 - << 'MADE'
import random
random.seed(4)
# Rows of 12 pieces of 64 bytes, each one of 3 that its kind has: neighbours share pieces.
kinds = [[[random.randbytes(64) for _ in range(3)] for _ in range(12)] for _ in range(60)]
def row(kind):
    return b''.join(random.choice(piece) for piece in kind)
for name, count in (('a', 20000), ('b', 4000), ('c', 2000)):
    with open(name + '.u1', 'wb') as f:
        for _ in range(count):
            f.write(row(random.choice(kinds)))
for i in range(3):
    open('q%d.u1' % i, 'wb').write(row(kinds[i]))
MADE
echo 0 > delay
"$SCREE" index build a.u1 www/one.svx --format u1 --dim 768 --lists 40 --rerank fp32 -q
cp www/one.svx www/v.svx
"$SCREE" index append b.u1 www/v.svx --format u1 -q
"$SCREE" index append c.u1 www/v.svx --format u1 -q
"$SCREE" index delete www/v.svx 17 20100 -q
port=$(free_port)
python3 server.py "$port" &
server_pids+=($!)
wait_for "$port"

# Requests that begin while the first of a round is being answered belong to its round.
rounds() {
    awk '$1 > begun + 0.2 { n++; begun = $1 } END { print n + 0 }' access.log
}

# search NAME SEGMENTS: counts the requests of a cold search with 4 lists
search() {
    for query in 0 1 2; do
        expect 0 index search "www/$1" --query "q$query.u1" --format u1 --dim 768 -k 10 --nprobe 4 -v
        cp out local
        grep -qE ' [1-9][0-9]+\.[0-9] rows' err || fail "fewer than 10 rows are compared: $(cat err)"
        : > access.log
        echo 0.25 > delay
        expect 0 index search "http://127.0.0.1:$port/$1" --query "q$query.u1" --format u1 --dim 768 -k 10 --nprobe 4
        echo 0 > delay
        cmp out local || fail "$1, query $query: other results over the network"
        requests=$(wc -l < access.log)
        [ "$requests" -le $((1 + 4 * $2 + 10)) ] || fail "$1, query $query took $requests requests of 1 + 4 * $2 + 10"
        [ "$(rounds)" -le 3 ] || fail "$1, query $query took $(rounds) round trips: $(cat access.log)"
        [ "$requests" -ge 4 ] || fail "$1, query $query took $requests requests: was it read at all?"
        awk '{ n += $NF } END { print "'"$1, query $query: $requests requests, $(rounds) round trips,"' " n " bytes" }' access.log
    done
}
search one.svx 1
search v.svx 3
grep -q '/v.svx.segment-3' access.log || fail "segment 3 was not read"

# A segment that is another file now, of another length or with other bytes, is noticed.
cp www/v.svx.segment-2 kept
cat kept kept > www/v.svx.segment-2
expect 1 index search "http://127.0.0.1:$port/v.svx" --query q0.u1 --format u1 --dim 768 --nprobe 16
says err 'changed while it was read'
python3 - << 'BAD'
data = bytearray(open('kept', 'rb').read())
for at in range(len(data) // 50, len(data), 997):
    data[at] ^= 1
open('www/v.svx.segment-2', 'wb').write(data)
BAD
expect 1 index search "http://127.0.0.1:$port/v.svx" --query q0.u1 --format u1 --dim 768 --nprobe 16
says err 'CRC'
expect 1 index verify www/v.svx
rm www/v.svx.segment-2
expect 1 index search "http://127.0.0.1:$port/v.svx" --query q0.u1 --format u1 --dim 768 --nprobe 16
says err '404'
expect 1 index search www/v.svx --query q0.u1 --format u1 --dim 768 --nprobe 16
says err 'segment-2'
