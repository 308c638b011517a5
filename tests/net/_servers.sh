# Parts of the other scripts: real servers on 127.0.0.1. Sourced after ../cli/_cli.sh; what is started is ended with the script.
server_pids=()

stop_servers() {
    local pid
    for pid in "${server_pids[@]:-}"; do
        [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
    done
    for pid in "${server_pids[@]:-}"; do
        [ -z "$pid" ] || wait "$pid" 2> /dev/null || true
    done
    server_pids=()
}
trap stop_servers EXIT

# skip WHY: the test counts as skipped, or, where everything has to be there, as failed
skip() {
    echo "skipped: $*"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
    exit 77
}

# free_port: a port that nobody listens on at this moment
free_port() {
    local port
    for port in $(shuf -i 20000-32000 -n 50); do
        if ! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no port is free"
}

# wait_for PORT: until somebody listens there
wait_for() {
    local i
    for i in $(seq 300); do
        ! (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null || return 0
        sleep 0.1
    done
    fail "nobody listens on port $1"
}
