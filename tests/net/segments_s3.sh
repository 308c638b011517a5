#!/usr/bin/env bash
# An index of three segments in an object store, one of a few lines: searched with the results of the disk; append, delete and gc are refused in words; merged
# into another object with the bytes of a merge on the disk. A merge that fails leaves no object and no upload behind.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
command -v python3 > /dev/null || skip "python3 is not installed, which makes the vectors and serves them"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY "${!AWS_@}"
export HOME=$PWD

mkdir box
cat > store.py << 'SERVED'
# Objects are files of ./box. What is done goes to access.log, uploads that are not finished are files of ./uploads. Signatures are looked for, not checked.
import http.server, os, re, sys, time, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = 'HTTP/1.1', 65536, True
    def log_message(self, *_): pass
    def answer(self, status, body=b'', **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)
    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        path, upload = '.' + url.path, 'uploads' + url.path.replace('/', '_')
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        with open('access.log', 'a') as log:
            log.write('%s %s %s\n' % (self.command, self.path, self.headers.get('Range', '-')))
        if not self.headers.get('Authorization', '').startswith('AWS4-HMAC-SHA256 Credential=AKTEST/'):
            return self.answer(403)
        if self.command == 'POST' and 'uploads' in query:
            os.makedirs(upload)
            return self.answer(200, b'<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>it</UploadId></InitiateMultipartUploadResult>')
        if self.command == 'PUT' and os.path.exists('refuse') and query.get('partNumber') == ['2']:
            for _ in range(500): # until the first part is there
                if os.path.exists(upload + '/00001'): break
                time.sleep(0.01)
            return self.answer(403)
        if self.command == 'PUT' and 'partNumber' in query:
            open('%s/%05d' % (upload, int(query['partNumber'][0])), 'wb').write(body)
            return self.answer(200, ETag='"%s"' % query['partNumber'][0])
        if self.command in ('DELETE', 'POST') and 'uploadId' in query:
            parts = [upload + '/' + name for name in sorted(os.listdir(upload))]
            if self.command == 'POST':
                open(path, 'wb').write(b''.join(open(part, 'rb').read() for part in parts))
            for part in parts:
                os.remove(part)
            os.rmdir(upload)
            if self.command == 'DELETE':
                return self.answer(204)
            return self.answer(200, b'<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>')
        if self.command == 'PUT':
            open(path, 'wb').write(body)
            return self.answer(200, ETag='"1"')
        if not os.path.exists(path):
            return self.answer(404)
        size, tag = os.path.getsize(path), '"%d"' % os.stat(path).st_mtime_ns
        wanted = re.match(r'bytes=(\d+)-(\d+)', self.headers.get('Range', 'bytes=0-%d' % (size - 1)))
        first, last = int(wanted[1]), min(int(wanted[2]), size - 1)
        with open(path, 'rb') as f:
            f.seek(first)
            return self.answer(206, f.read(last + 1 - first), ETag=tag, Content_Range='bytes %d-%d/%d' % (first, last, size))
    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
os.makedirs('uploads')
Server(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
SERVED
python3 - << 'MADE'
import random
random.seed(4)
kinds = [[[random.randbytes(16) for _ in range(3)] for _ in range(6)] for _ in range(40)]
def row(kind):
    return b''.join(random.choice(piece) for piece in kind)
for name, count in (('a', 50000), ('b', 6000), ('c', 3000)):
    with open(name + '.u1', 'wb') as f:
        for _ in range(count):
            f.write(row(random.choice(kinds)))
with open('q.u1', 'wb') as f:
    for kind in kinds[:5]:
        f.write(row(kind))
MADE
"$SCREE" index build a.u1 box/v.svx --format u1 --dim 96 --lists 40 --rerank fp32 -q
"$SCREE" index append b.u1 box/v.svx --format u1 -q
"$SCREE" index append c.u1 box/v.svx --format u1 -q
"$SCREE" index delete box/v.svx 17 50010 56001 -q
"$SCREE" index merge box/v.svx -o merged.svx -q
port=$(free_port)
python3 store.py "$port" &
server_pids+=($!)
wait_for "$port"
export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=SKTEST AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1

expect 0 index search box/v.svx --query q.u1 --format u1 --dim 96 -k 10 --nprobe 8
cp out near
expect 0 index search s3://box/v.svx --query q.u1 --format u1 --dim 96 -k 10 --nprobe 8
cmp -s out near || fail "other neighbours than from the disk"
grep -q 'GET /box/v.svx.segment-3 bytes=' access.log || fail "segment 3 was not read"
expect 0 index verify s3://box/v.svx

# What changes an index needs a rename, which stores have not.
ls -l box > before
for words in 'append c.u1 s3://box/v.svx --format u1' 'delete s3://box/v.svx 18' 'gc s3://box/v.svx'; do
    expect 1 index $words
    says err 's3://box/v.svx: only a local index can be changed'
done
ls -l box | cmp -s before - || fail "a command that was refused changed the store"

# 40 lists of three segments, read once to be counted and once to be joined: neighbours by one request.
: > access.log
expect 0 index merge s3://box/v.svx -o s3://box/merged.svx -q -t 2
requests=$(grep -c '^GET' access.log)
echo "merge: $requests GETs"
[ "$requests" -le 120 ] || fail "a merge took $requests GETs"
cmp -s box/merged.svx merged.svx || fail "another index than by a merge on the disk"
[ -z "$(ls uploads)" ] || fail "an upload is left over"
expect 0 index search s3://box/merged.svx --query q.u1 --format u1 --dim 96 -k 10 --nprobe 8
cmp -s out near || fail "other neighbours after the merge"
expect 1 index merge s3://box/v.svx -o s3://box/merged.svx -q
says err 'exists already'

# A store that takes the first part and refuses the second gets its upload back.
: > access.log
touch refuse
expect 1 index merge s3://box/v.svx -o s3://box/bad.svx -q
rm refuse
says err '403'
grep -q '^PUT /box/bad.svx?partNumber=1&' access.log || fail "no part was uploaded: nothing to take back"
grep -q '^DELETE /box/bad.svx?uploadId=' access.log || fail "the upload was not aborted"
[ -z "$(ls uploads)" ] || fail "a merge that failed left an upload"
[ ! -e box/bad.svx ] || fail "a merge that failed left an object"

# With little memory it is another way to the same bytes.
expect 0 index merge s3://box/v.svx -o again.svx -q -t 1 --memory 40M
cmp -s again.svx merged.svx || fail "another index in 40M"
: > access.log
expect 0 index merge s3://box/v.svx -o retrained.svx -q --retrain --lists 20 --memory 128M
requests=$(grep -c '^GET' access.log)
echo "merge --retrain: $requests GETs"
[ "$requests" -le 60 ] || fail "a merge that trains anew took $requests GETs"

# A byte of a segment that changed is noticed before anything is uploaded.
printf '\125\252\125' | dd of=box/v.svx.segment-3 bs=1 seek=$(($(stat -c %s box/v.svx.segment-3) - 3000)) conv=notrunc 2> /dev/null
for how in '' --retrain; do
    : > access.log
    expect 1 index merge s3://box/v.svx -o s3://box/bad.svx -q $how
    says err 'CRC'
    [ ! -e box/bad.svx ] || fail "a merge that failed left an object"
    ! grep -E '^(PUT|POST)' access.log || fail "a part of a merge that failed was uploaded"
done
