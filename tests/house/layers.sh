#!/bin/sh
# Rules of the source tree that a compiler does not see: who includes whom (lib/LAYERS), and which functions are not called where.
# usage: layers.sh [source-dir]       prints each violation as file:line: what; exit 1 if there is one
set -u
root=${1:-${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}}
cd "$root" || exit 1

files=$(find lib cli include examples \( -name '*.c' -o -name '*.h' \) -type f 2>/dev/null | sort)
[ -n "$files" ] || { echo "layers: no source files under $root"; exit 1; }

# shellcheck disable=SC2086
awk '
# ---- the table
FILENAME == "lib/LAYERS" {
    sub(/#.*/, "")
    if (NF == 0) next
    known[$1] = 1
    may[$1 " " $1] = 1
    for (i = 2; i <= NF; i++) may[$1 " " $i] = 1
    next
}

FNR == 1 {
    in_comment = 0
    parts = split(FILENAME, path, "/")
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    place = path[1]
    room = (place == "lib" && parts >= 3) ? path[2] : ""
    if (place == "lib" && !(room in known)) fault("room " room " is not in lib/LAYERS")
}

function fault(what) {
    print FILENAME ":" FNR ": " what
    faults++
}

function exists(name,    line, found) {
    found = (getline line < name) >= 0
    close(name)
    return found
}

# The line without comments and without what is inside string and character literals.
function code_of(line,    out, i, c, two, quote) {
    out = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++; out = out " " }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else if (c == "\"" || c == "\047") {
            quote = c
            for (i++; i <= length(line); i++) {
                c = substr(line, i, 1)
                if (c == "\\") i++
                else if (c == quote) break
            }
            out = out quote quote
        } else out = out c
    }
    return out
}

# Is one of the functions (names joined by |) called? Members and longer names do not count.
function calls(code, names) {
    return code ~ "(^|[^A-Za-z0-9_.>])(" names ")[ \t]*\\("
}

function names_word(code, names) {
    return code ~ "(^|[^A-Za-z0-9_])(" names ")([^A-Za-z0-9_]|$)"
}

function check_include(line,    kind, target, owner) {
    kind = line ~ /#[ \t]*include[ \t]*</ ? "<" : "\""
    target = line
    sub(/^[^<"]*[<"]/, "", target)
    sub(/[>"].*/, "", target)
    owner = target
    sub(/\/.*/, "", owner)
    if (kind == "<") {
        if (room == "laz" && target !~ /^(assert|float|limits|math|stdalign|stdbool|stddef|stdint|stdio|string|[a-z]mmintrin|cpuid|arm_neon)\.h$/)
            fault("lib/laz is plain C11: <" target ">")
        if (target ~ /^(pthread|threads)\.h$/ && place == "lib" && room != "par")
            fault("threads belong to lib/par: <" target ">")
        return
    }
    if (target ~ /(^|\/)\.\.\//) {
        fault("a path that leaves its folder: \"" target "\"")
    } else if (place == "include") {
        sub(/^scree\//, "", target)
        if (!exists("include/scree/" target)) fault("a public header includes only public headers: \"" target "\"")
    } else if (owner == "scree" && target ~ /\//) {
        if (!exists("include/" target)) fault("no such public header: \"" target "\"")
    } else if (exists(folder target) || (place != "lib" && owner == place && exists(target))) {
        return
    } else if (place != "lib") {
        fault(place " includes public headers (scree/...) and its own files only: \"" target "\"")
    } else if (target !~ /\//) {
        fault("no such file in lib/" room ": \"" target "\"")
    } else if (!((room " " owner) in may)) {
        fault("lib/" room " must not include from lib/" owner ": \"" target "\"")
    } else if (!exists("lib/" target)) {
        fault("no such file: \"" target "\"")
    }
}

{
    raw = $0
    if (!in_comment && raw ~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) check_include(raw)
    code = code_of(raw)
    if (code ~ /^[ \t]*#[ \t]*(include|error|pragma)/) next

    if (calls(code, "strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|alloca"))
        fault("banned everywhere: strcpy strcat sprintf strtok atoi gets alloca")
    if (place != "lib") next
    if (room != "mem" && calls(code, "malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|strndup|asprintf|getline|open_memstream"))
        fault("memory comes from lib/mem")
    if (calls(code, "exit|_exit|abort|printf|vprintf|puts|putchar|perror|getenv|setenv|signal|sigaction") || names_word(code, "stderr|stdout"))
        fault("the library does not print, exit, read the environment or handle signals")
    if (room != "par" && code ~ /(^|[^A-Za-z0-9_])(pthread_|thrd_|mtx_|cnd_|tss_)[a-z]/)
        fault("threads belong to lib/par")
}

END {
    if (faults) { print faults " violation(s)"; exit 1 }
}
' lib/LAYERS $files && echo "layers: $(echo "$files" | wc -l) files keep the rules"
