#!/usr/bin/env bash
# Files behind nginx: over HTTP/1.1, over TLS with a certificate of our own, over HTTP/2; how many requests a COPC file takes.
here=$(dirname -- "$(realpath -- "$0")")
. "$here/../cli/_cli.sh"
. "$here/_servers.sh"
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || skip "nginx is not installed"
command -v openssl > /dev/null || skip "openssl is not installed"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY SSL_CERT_FILE CURL_CA_BUNDLE AWS_CA_BUNDLE

mkdir www t
make_survey a.laz 60000
"$SCREE" convert a.laz www/a.copc.laz -q
cp a.laz "www/b c+ü.laz"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout key.pem -out cert.pem 2> /dev/null
plain=$(free_port)
secure=$(free_port)
[ "$plain" != "$secure" ] || secure=$((secure + 1))
cat > nginx.conf <<X
daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/error.log;
events { worker_connections 64; }
http {
    access_log $PWD/access.log;
    client_body_temp_path $PWD/t; proxy_temp_path $PWD/t; fastcgi_temp_path $PWD/t; uwsgi_temp_path $PWD/t; scgi_temp_path $PWD/t;
    server { listen 127.0.0.1:$plain; root $PWD/www; location /moved/ { return 302 /\$arg_to; }
             location /gz/ { gzip on; gzip_types *; gzip_min_length 1; alias $PWD/www/; } }
    server { listen 127.0.0.1:$secure ssl http2; ssl_certificate $PWD/cert.pem; ssl_certificate_key $PWD/key.pem; root $PWD/www; }
}
X
"$nginx" -c "$PWD/nginx.conf" 2> /dev/null &
server_pids+=($!)
wait_for "$plain"
url=http://127.0.0.1:$plain

expect 0 info -v "$url/a.copc.laz"
says err ': 2 requests \(0 again'
[ "$(wc -l < access.log)" = 2 ] || fail "info took $(wc -l < access.log) requests"
tail -n +2 out | grep -v '^  size\|WKT' > remote
expect 0 info -v www/a.copc.laz
tail -n +2 out | grep -v '^  size\|WKT' | diff - remote || fail "info differs"
expect 0 validate "$url/a.copc.laz" "$url/b c+ü.laz"
expect 0 info "$url/gz/a.copc.laz"
expect 0 info "$url/moved/?to=a.copc.laz"
expect 1 info "$url/none.laz"
says err 'none.laz: .*404 \(not found\)'

expect 1 info "https://localhost:$secure/a.copc.laz"
says err 'certificate'
expect 0 info "https://localhost:$secure/a.copc.laz" --ca-file cert.pem
expect 0 validate "https://127.0.0.1:$secure/a.copc.laz" --ca-file cert.pem
grep -q 'HTTP/2.0" 206' access.log || fail "HTTP/2 was not used"

# Queries: what comes over the network is what the file on disk gives, whatever the format; counted from the hierarchy alone, it takes two requests.
for question in '--level 1' '--where intensity>200' '--circle 650040,6860040,15'; do
    for kind in las csv; do
        expect 0 query www/a.copc.laz $question -o local.$kind -q --force
        expect 0 query "$url/a.copc.laz" $question -o remote.$kind -q --force
        cmp local.$kind remote.$kind || fail "a query over the network differs: $question"
    done
done
expect 0 query "$url/b c+ü.laz" www/a.copc.laz -o remote.las -q --force
expect 0 query a.laz www/a.copc.laz -o local.las -q --force
cmp local.las remote.las || fail "a query of several files differs"
: > access.log
expect 0 query "$url/a.copc.laz" --count -q
says out '^60000$'
[ "$(wc -l < access.log)" = 2 ] || fail "counting took $(wc -l < access.log) requests"
expect 1 query "$url/none.copc.laz" -o none.las
says err 'none.copc.laz: .*404 \(not found\)'
[ ! -e none.las ] || fail "an output of nothing"

"$NET_TOOL" read "$url/b c+ü.laz" 1000 50000 | cmp - <(tail -c +1001 a.laz | head -c 50000) || fail "bytes differ"

"$NET_TOOL" copy "$url/b c+ü.laz" copy.laz
cmp copy.laz a.laz || fail "the copy differs"
echo "nginx: done"
