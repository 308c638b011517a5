#!/bin/sh
# Every global symbol of the library is ours by name (scree_...), every public one (scree_x, not scree__x) is declared in a public header,
# and every function that a public header declares is there.
# The shared library, where it was built (SCREE_SHARED_LIBRARY), exports the public functions and nothing else.
# usage: symbols.sh [libscree.a]
set -u
root=${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}
library=${1:-${SCREE_LIBRARY:?path of libscree.a}}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Sanitizers add symbols of their own for each global.
nm -g --defined-only "$library" 2>/dev/null | awk 'NF == 3 && $3 !~ /^__(odr_)?asan|^__(llvm|prof|cov)|^_?_?__(asan|tsan|sancov|start|stop)/ {print $3}' |
    sort -u > "$work/defined"
[ -s "$work/defined" ] || { echo "symbols: nothing found in $library"; exit 1; }

# The public headers as the compiler sees them, without comments and directives.
for header in "$root"/include/scree/*.h; do
    grep -v '^[ \t]*#' "$header"
done | awk '
    { text = text " " $0 }
    END {
        while ((start = index(text, "/*")) > 0) {
            rest = substr(text, start + 2)
            text = substr(text, 1, start - 1) " " substr(rest, index(rest, "*/") + 2)
        }
        print text
    }' > "$work/text"
grep -oE 'scree_[A-Za-z0-9_]+' "$work/text" | sort -u > "$work/declared"
sed 's/enum scree_[a-z_]* *(\*/(*/g' "$work/text" | grep -oE 'scree_[A-Za-z0-9_]+ *\(' | tr -d ' (' | sort -u > "$work/functions"

faults=0
for symbol in $(grep -v '^scree_' "$work/defined"); do
    echo "$symbol: a global symbol without the prefix scree_"
    faults=1
done
for symbol in $(grep '^scree_[^_]' "$work/defined" | comm -23 - "$work/declared"); do
    echo "$symbol: named as public, but in no header of include/scree (internal names start with scree__)"
    faults=1
done
for symbol in $(comm -13 "$work/defined" "$work/functions"); do
    echo "$symbol: declared in include/scree, but not in the library"
    faults=1
done
if [ -n "${SCREE_SHARED_LIBRARY:-}" ]; then
    nm -D --defined-only "$SCREE_SHARED_LIBRARY" | awk 'NF == 3 && $3 !~ /^_(init|fini)$|asan|tsan|ubsan|sancov/ {print $3}' | sort -u > "$work/exported"
    for symbol in $(comm -3 "$work/exported" "$work/functions"); do
        echo "$symbol: in the shared library or in include/scree, but not in both"
        faults=1
    done
fi
[ $faults = 0 ] && echo "symbols: $(wc -l < "$work/defined") global symbols, $(wc -l < "$work/functions") public functions"
exit $faults
