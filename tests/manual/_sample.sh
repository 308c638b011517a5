# Parts of the other scripts, sourced after ../cli/_cli.sh: the files that commands in documents name, and a server behind https://example.org/ and
# s3://bucket/.

# npy FBIN OUT: the same numbers for NumPy
npy() {
    local rows dim text
    rows=$(od -An -tu4 -N4 "$1" | tr -d ' ') dim=$(od -An -tu4 -j4 -N4 "$1" | tr -d ' ')
    text="{'descr': '<f4', 'fortran_order': False, 'shape': ($rows, $dim), }"
    { printf '\223NUMPY\001\000\166\000%-117s\n' "$text"; tail -c +9 "$1"; } > "$2"
}

# make_sample FOLDER: tiles/ tile.laz city.copc.laz area.geojson vectors.npy q.npy vectors.svx old-ids.txt
make_sample() {
    mkdir "$1"
    (
        cd "$1"
        make_survey tiles 60K --tiles 4
        make_survey tile.laz 15K --density 20
        "$SCREE" convert tiles city.copc.laz -q
        printf '%s' '{"type": "Polygon", "coordinates": [[[2.3, 48.8], [2.34, 48.8], [2.34, 48.86], [2.3, 48.86], [2.3, 48.8]]]}' > area.geojson
        "$MAKE_VECTORS" vectors.fbin 2000 32 1
        "$MAKE_VECTORS" q.fbin 5 32 2
        npy vectors.fbin vectors.npy
        npy q.fbin q.npy
        "$SCREE" index build vectors.npy vectors.svx -q
        printf '3\n5\n' > old-ids.txt
        rm -f vectors.fbin q.fbin made
    )
}

# start_server FOLDER: $site is its address; it ends when the script does
start_server() {
    [ -n "${SERVE:-}" ] || return 0
    mkfifo server.in
    "$SERVE" "$1" < server.in > server.port &
    exec 9> server.in
    local i
    for i in $(seq 100); do
        [ -s server.port ] && break
        sleep 0.05
    done
    site=http://127.0.0.1:$(cat server.port)
    export AWS_ENDPOINT_URL=$site AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY='secret/with+signs=' AWS_REGION=us-east-1
    unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY AWS_PROFILE
}

# run_commands FOLDER SCRIPT WHAT: the commands of a document, in a folder, as a reader would type them
run_commands() {
    local text=$2 code=0
    if [ -z "${SERVE:-}" ]; then # built without curl
        grep -Ev 'https://example\.org/|s3://' "$2" > "$2.local" || true
        text=$2.local
    else
        sed -i "s|https://example\.org/|$site/|g" "$2"
    fi
    (cd "$1" && PATH="$PWD/../bin:$PATH" bash -euo pipefail "$OLDPWD/$text") > out 2> err < /dev/null || code=$?
    [ $code = 0 ] || { cat "$text" >&2; fail "$3: exit code $code"; }
}

mkdir bin
ln -s "$SCREE" bin/scree
