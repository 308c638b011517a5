# Part of the oracle scripts: ends with 77 (skipped), saying so, where the independent decoders cannot run.
need_node() {
    local here
    here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
    if ! command -v node > /dev/null 2>&1 || [ "$(node -p 'parseInt(process.versions.node)')" -lt 18 ]; then
        echo "skipped: Node 18 or later is not installed (tools/setup oracle)"
        exit 77
    fi
    if [ ! -d "$here/node_modules/copc" ] || [ ! -d "$here/node_modules/@loaders.gl/las" ]; then
        echo "skipped: the independent decoders are not installed (tools/setup oracle)"
        exit 77
    fi
}
