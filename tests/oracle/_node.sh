# Part of the oracle scripts: ends with 77 (skipped), saying so, where the independent decoders cannot run. With SCREE_NO_SKIP set, as
# .ci/run does, that is a failure.
need_node() {
    local here missing=
    here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
    if ! command -v node > /dev/null 2>&1 || [ "$(node -p 'parseInt(process.versions.node)')" -lt 18 ]; then
        missing="Node 18 or later is not installed"
    elif [ ! -d "$here/node_modules/copc" ] || [ ! -d "$here/node_modules/laz-perf" ] || [ ! -d "$here/node_modules/@loaders.gl/las" ]; then
        missing="the independent decoders are not installed"
    fi
    [ -n "$missing" ] || return 0
    if [ -n "${SCREE_NO_SKIP:-}" ]; then
        echo "FAIL: $missing"
        exit 1
    fi
    echo "skipped: $missing (tools/setup oracle)"
    exit 77
}
