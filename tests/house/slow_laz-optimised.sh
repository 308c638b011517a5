#!/bin/sh
# The codec decodes and encodes the same bytes however a compiler is told to optimise it: bare calls with -O0, -O1, -O2, -O3, -Os, each followed by
# the vectors of tests/unit/test_laz_levels.c.
#
# What this has found: gcc 12 takes a compare's 16-bit mask for a 32-bit one. This function, compiled with AVX-512 at any -O above 0, stores 16
# bits and loads 32; zeros that the comparison leaves in the register's upper half are not in memory:
#
#     unsigned bits(const void *a, const void *b)
#     {
#         unsigned mask = _mm256_cmple_epu16_mask(_mm256_loadu_si256(a), _mm256_loadu_si256(b));
#         unsigned n = (unsigned)_mm_popcnt_u32(mask);
#         __asm__ volatile("" ::: all general registers, k0 to k7);    /* the mask has to wait in memory */
#         return n & 1 ? mask + mask / 3 : mask * 5;
#     }
#
#     vpcmpuw $2, ..., %k0    kmovw %k0, -4(%rsp)    popcntl -4(%rsp), %eax
#
# Its machine description makes one pattern of a compare and the zero extension of its result, and splits it into a compare that sets the low
# half of a 32-bit value, of which the upper half is then undefined. The codec makes no such masks now; where one is needed again, widen it by a
# kmovw of one's own.
set -u
root=$(cd "${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}" && pwd) || exit 1
cc=${CC:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
printf '#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <stdint.h>\n#include <cmocka.h>\n' > have.c
"$cc" -c have.c > /dev/null 2>&1 || { echo "laz-optimised: cmocka is not installed"; exit 77; }

# All objects of one level of optimisation, two at a time: the loops take 10 s each.
build() {
    mkdir "$1" || return 1
    ls "$root"/lib/laz/*.c "$root/lib/base/error.c" "$root"/lib/simd/*.c "$root/tests/unit/laz_vectors.c" "$root/tests/unit/test_laz_levels.c" |
        (cd "$1" && xargs -n 1 -P 2 "$cc" -std=c11 "-$1" -D_GNU_SOURCE "-DSCREE_SOURCE_DIR=\"$root\"" "-I$root/include" "-I$root/lib" \
            "-I$root/tests/unit" -c) && "$cc" -o "$1/vectors" "$1"/*.o -lcmocka
}
for level in O0 O1 O2 O3 Os; do
    build "$level" || { echo "laz-optimised: -$level does not build"; exit 1; }
    "$level/vectors" > "$level/output" 2>&1 || { cat "$level/output"; echo "laz-optimised: wrong at -$level"; exit 1; }
    echo "laz-optimised: -$level: $(tail -n 1 "$level/output")"
done
