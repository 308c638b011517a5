#!/bin/sh
# Each public header compiles by itself, as C11 and as C++17; says since when it is there; and has a comment at each function: on the lines before it, or
# behind it.
set -u
root=${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}
cc=${CC:-cc}
cxx=
for candidate in c++ g++ clang++; do
    if command -v $candidate > /dev/null 2>&1; then
        cxx=$candidate
        break
    fi
done
if [ -z "$cxx" ]; then
    echo "headers: no C++ compiler here, so only C11 is checked"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
fi

faults=0
for header in "$root"/include/scree/*.h; do
    include="#include \"scree/$(basename "$header")\""
    # Twice: the include guard has to work.
    echo "$include
$include
extern int nothing_else;" | "$cc" -std=c11 -Wall -Wextra -Wstrict-prototypes -Werror -pedantic "-I$root/include" -fsyntax-only -x c - || faults=1
    [ -n "$cxx" ] || continue
    echo "$include
extern int nothing_else;" | "$cxx" -std=c++17 -Wall -Wextra -Werror -pedantic "-I$root/include" -fsyntax-only -x c++ - || faults=1
done
for header in "$root"/include/scree/*.h; do
    [ "$(basename "$header")" = scree.h ] || grep -q 'Since [0-9]' "$header" || { echo "$header: since when?"; faults=1; }
done
awk '
    FNR == 1 { before = ""; open = 0 }
    /^SCREE_API/ { open = 1; said = before ~ /\*\/[ \t]*$/; line = FNR; text = "" }
    open { text = text " " $0 }
    open && /;/ {
        if (!said && $0 !~ /;[ \t]*\/\*/) {
            match(text, /scree_[a-z0-9_]+ *\(/)
            print FILENAME ":" line ": " substr(text, RSTART, RLENGTH) "): no comment says what it promises"
            faults = 1
        }
        open = 0
    }
    { before = $0 }
    END { exit faults }' "$root"/include/scree/*.h || faults=1
[ $faults = 0 ] && echo "headers: all compile alone, and every function is described"
exit $faults
