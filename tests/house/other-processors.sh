#!/bin/sh
# The library is whole without what x86 has: every source compiles where the kernels for it are left out and its headers are not there.
set -u
root=${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}
cc=${CC:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for header in emmintrin immintrin x86intrin; do
    echo "#error $header.h is asked for where the kernels for x86 are left out" > "$work/$header.h"
done
files=$(grep -lE 'intrin\.h|SIMD_X86|/level\.h|lanes\.h|reals\.h|_here\.h' "$root"/lib/*/*.c) || { echo "other-processors: no sources"; exit 1; }
"$cc" -std=c11 -D_GNU_SOURCE -DSCREE_NO_X86 -U__SSE2__ -fsyntax-only -Wall -Wextra -Werror "-I$work" "-I$root/include" "-I$root/lib" $files || exit 1
echo "other-processors: $(echo "$files" | wc -l) files"
