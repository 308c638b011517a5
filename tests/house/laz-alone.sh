#!/bin/sh
# The codec is C11 that anyone can take along: it compiles with a bare compiler call, without our build and without POSIX.
set -u
root=${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}
cc=${CC:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
ls "$root"/lib/laz/*.c > /dev/null 2>&1 || { echo "laz-alone: lib/laz has no source files"; exit 1; }
cd "$work" || exit 1
"$cc" -std=c11 -O0 -Wall -Wextra -Werror "-I$root/include" "-I$root/lib" -c "$root"/lib/laz/*.c "$root/lib/base/error.c" || exit 1
# And it is whole: with the error messages and the choice of kernels, a program is linked.
"$cc" -std=c11 -O0 -Wall -Wextra -Werror "-I$root/include" "-I$root/lib" "$root/examples/laz_read.c" ./*.o "$root"/lib/simd/*.c -o laz_read || exit 1
# What the objects still ask for: each other, the C library's memory and string functions, lib/base's error, lib/simd's kernels.
nm -u ./*.o | awk '/ U / && $2 ~ /^(malloc|calloc|realloc|free|fopen|open|read|write|pthread_.*|printf|getenv)$/ {print $2; found = 1} END {exit found}' ||
    { echo "laz-alone: the codec asks for the functions above"; exit 1; }
echo "laz-alone: $(ls ./*.o | wc -l) objects"
