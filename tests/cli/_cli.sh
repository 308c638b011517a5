# Parts of the other scripts: sourced by them.
set -eu

fail() {
    echo "FAIL: $*" >&2
    for f in out err; do
        [ ! -s "$f" ] || { echo "--- $f"; head -n 20 "$f"; } >&2
    done
    exit 1
}

# expect CODE scree-arguments...: runs the program, stdout to the file out, stderr to err
expect() {
    local want=$1 code=0
    shift
    "$SCREE" "$@" > out 2> err < /dev/null || code=$?
    [ "$code" = "$want" ] || fail "scree $*: exit code $code, expected $want"
}

# says FILE PATTERN: an extended regular expression that a line of the file matches
says() {
    grep -Eq -- "$2" "$1" || fail "$1 does not say: $2"
}

# is_json FILE: valid where python3 can tell, else at least an object with our schema
is_json() {
    grep -q '"schema":[[:space:]]*1' "$1" || fail "$1 has no schema"
    if command -v python3 > /dev/null 2>&1 && python3 -c pass 2> /dev/null; then
        python3 -m json.tool < "$1" > /dev/null || fail "$1 is not JSON"
    else
        [ "$(head -c 1 "$1")" = "{" ] && [ "$(tail -c 2 "$1" | tr -d '\n' | tail -c 1)" = "}" ] || fail "$1 is not a JSON object"
    fi
}

# absent PATH...: neither the file nor an unfinished one is there
absent() {
    local path
    for path; do
        [ ! -e "$path" ] || fail "$path is there"
        [ ! -e "$path.part" ] || fail "$path.part is there"
    done
}

# make_survey OUT POINTS [option...]
make_survey() {
    local out=$1 points=$2
    shift 2
    "$SCREE" synth "$out" --points "$points" -q "$@" > made 2>&1 || { cat made >&2; fail "synth $out"; }
}

# points_of FILE: the number of points of one file
points_of() {
    "$SCREE" info --json "$1" | tr -d ' \t' | sed -n 's/^"points":\([0-9]*\),$/\1/p' | head -n 1
}
