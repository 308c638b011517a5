#!/usr/bin/env bash
# What documents name is there: files, folders, public functions, tests; each room has a README that says does, does not and where to start, and a row in
# ARCHITECTURE.md that agrees with lib/LAYERS.
# usage: documents.sh      prints each violation as document: what; exit 1 if there is one
set -u
root=${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}
cd "$root" || exit 1
faults=0
names=0

fault() {
    echo "$1"
    faults=$((faults + 1))
}

tree=$(find . -type f -not -path './build*' -not -path './.git/*' -not -path '*/node_modules/*' | sed 's/^\.//')$'\n'

# Is there a file or folder of this name, which may be the end of its path, a pattern, or a program's (`bench/laz`)? The first argument: where to look.
there() {
    local within=$1 name=${2%/} pattern
    if [[ $name != *[\*\<]* ]]; then
        [[ $within == *"/$name"$'\n'* || $within == *"/$name/"* || $within == *"/$name.c"$'\n'* ]]
        return
    fi
    pattern=$(printf '%s' "$name" | sed 's/[.+]/\\&/g; s/\*/[^\/]*/g; s/<[a-z]*>/[^\/]*/g')
    grep -qE "/$pattern(\$|/)" <<< "$within"
}

documents=$(sed -nE 's/^\/(([A-Z]+|docs\/.*|lib\/[a-z]+\/README|tests\/.*README|python\/.*|bench\/README)\.md)$/\1/p' <<< "$tree" | grep -v '^CHANGELOG')
[ -n "$documents" ] || fault "documents: none"

for document in $documents; do
    # A room's README speaks of the room, of other rooms by their path.
    within=$tree
    [[ $document != lib/*/README.md ]] || within=$(grep -E "^/(${document%README.md}|include/|docs/|tests/|bench/|examples/)" <<< "$tree")$'\n'
    # Files, in backquotes anywhere and bare in the diagrams (which are indented).
    for name in $(
        { grep -oE '`[^` ]+`' "$document" | tr -d '`'
          grep -E '^    .*[▼│─▶]' "$document" | grep -oE '[a-z0-9_/*]+\.[ch]\b'; } |
            grep -E '^[A-Za-z0-9_.*/<>-]+\.(c|h|md|sh|mjs|py|cpp|txt|cmake|part|man|symbols)$|^(lib|include|cli|docs|tests|man|tools|examples|bench|python|debian)/[A-Za-z0-9_./*<>-]*$' |
            grep -vE '[A-Z]{4}.*\.(part|man|sh)$|^build/' | sort -u); do
        names=$((names + 1))
        there "$within" "$name" || { [[ $name == lib/* || $name == cli/* ]] && there "$tree" "$name"; } || fault "$document: $name is not there"
    done
    for name in $(grep -oE '\bscree_[a-z0-9_]+\(\)' "$document" | tr -d '()' | sort -u); do
        names=$((names + 1))
        grep -qrE "\b$name\(" include || fault "$document: $name() is not public"
    done
    for name in $(grep -oE '`(unit|kernel|cli|fault|budget|net|oracle|install|manual|packaging|python|house|fuzz)\.[a-z0-9_*-]+`' "$document" | tr -d '`' | grep -v '\.[ch]$' | sort -u); do
        kind=${name%%.*} rest=${name#*.}
        names=$((names + 1))
        there "$tree" "tests/$kind/$rest.sh" || there "$tree" "tests/$kind/test_$rest.c" || there "$tree" "tests/$kind/fuzz_$rest.c" ||
            grep -qF "$name " tests/CMakeLists.txt ||
            fault "$document: there is no test $name"
    done
done

while read -r room rest; do
    case $room in '' | '#'*) continue ;; esac
    readme=lib/$room/README.md
    row=$(grep -E "^\| $room \|" ARCHITECTURE.md 2> /dev/null)
    [ -n "$row" ] || fault "ARCHITECTURE.md: the room $room has no row"
    [ -f "$readme" ] || { fault "$readme is not there"; continue; }
    for part in 'Does' 'Does not' 'Start reading at'; do
        grep -qE "^\*?$part" "$readme" || fault "$readme: does not say '$part'"
    done
    said=$(cut -d '|' -f 4 <<< "$row" | xargs)
    [ "$said" = 'all of the above' ] || [ "$said" = "${rest:-libc}" ] || fault "ARCHITECTURE.md: $room may include '$rest' (lib/LAYERS), not '$said'"
done < lib/LAYERS

[ $faults = 0 ] && echo "documents: $names names are there"
exit $((faults > 0))
