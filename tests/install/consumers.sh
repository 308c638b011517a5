#!/usr/bin/env bash
# What is installed can be used: programs find the library, and the codec by itself, through pkg-config and through CMake, and run.
set -u
cmake --install "$SCREE_BINARY_DIR" --prefix "$PWD/root" > install.log 2>&1 || { cat install.log; exit 1; }
# Where the library was built with sanitizers, programs have to be as well.
flags=${SCREE_SANITIZE:+-fsanitize=$SCREE_SANITIZE}

cat > main.c << 'END'
#include <scree/scree.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t bytes = 0;
    if (scree_size_parse("2K", 0, &bytes, &err) != SCREE_OK || bytes != 2048)
        return 1;
    printf("%s\n", scree_version());
    return 0;
}
END
cat > CMakeLists.txt << 'END'
cmake_minimum_required(VERSION 3.20)
project(consumer C)
find_package(scree 0.1 REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE scree::scree)
add_executable(codec codec.c)
target_link_libraries(codec PRIVATE scree::scree_laz)
END

# The codec by itself, from C and from C++: encodes a chunk and decodes it.
cat > codec.c << 'END'
#include <scree/laz.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    struct scree_laz_layout layout;
    struct scree_laz_encoder *encoder;
    struct scree_laz_decoder *decoder;
    uint8_t records[64 * 36], decoded[64 * 36];
    size_t bytes = 0, used = 0;
    for (size_t i = 0; i < sizeof records; i++)
        records[i] = (uint8_t)(i * i >> 7);
    if (scree_laz_layout_init(&layout, 7, 0, 50000, NULL) != SCREE_OK)
        return 1;
    size_t state_bytes = scree_laz_encoder_bytes(&layout) + scree_laz_decoder_bytes(&layout);
    size_t bound = scree_laz_encode_bound(&layout, 64);
    void *state = aligned_alloc(64, (state_bytes + 63) / 64 * 64);
    uint8_t *chunk = (uint8_t *)malloc(bound);
    if (state == NULL || chunk == NULL ||
        scree_laz_encoder_init(state, state_bytes, &layout, &encoder, NULL) != SCREE_OK ||
        scree_laz_encode(encoder, records, 36, 64, chunk, bound, &bytes, NULL) != SCREE_OK ||
        scree_laz_decoder_init(state, state_bytes, &layout, SCREE_LAZ_FIELD_ALL, &decoder, NULL) != SCREE_OK ||
        scree_laz_decoder_begin(decoder, chunk, bytes, 64, NULL) != SCREE_OK ||
        scree_laz_decoder_next(decoder, decoded, 36, 64, NULL) != SCREE_OK ||
        scree_laz_decoder_end(decoder, &used, NULL) != SCREE_OK)
        return 1;
    free(state);
    free(chunk);
    if (used != bytes || memcmp(records, decoded, sizeof records) != 0)
        return 1;
    printf("%s\n", scree_version());
    return 0;
}
END
cp codec.c codec.cpp
cxx=
for candidate in c++ g++ clang++; do
    command -v $candidate > /dev/null 2>&1 && cxx=$candidate && break
done
if [ -z "$cxx" ]; then
    echo "no C++ compiler here: C++ consumers are left out"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
fi

version=$(head -n 1 "$SCREE_SOURCE_DIR/VERSION")
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$PWD/root" -name scree.pc)")
# A shared library lies where the loader does not look.
export LD_LIBRARY_PATH=${PKG_CONFIG_PATH%/pkgconfig}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# shellcheck disable=SC2046
"$CC" -std=c11 $flags main.c $(pkg-config --define-variable=prefix="$PWD/root" --cflags --libs scree) -o by-pkg-config || exit 1
[ "$(./by-pkg-config)" = "$version" ] || { echo "FAIL: the program built with pkg-config"; exit 1; }

# The codec's package asks for nothing else: no PROJ, no cJSON, no threads.
alone=$(pkg-config --define-variable=prefix="$PWD/root" --cflags --libs scree-laz) || exit 1
case $alone in *proj* | *cjson* | *lz4* | *pthread*) echo "FAIL: scree-laz asks for $alone"; exit 1 ;; esac
# shellcheck disable=SC2086
"$CC" -std=c11 $flags codec.c $alone -o codec-by-pkg-config || exit 1
[ "$(./codec-by-pkg-config)" = "$version" ] || { echo "FAIL: the codec built with pkg-config"; exit 1; }
if [ -n "$cxx" ]; then
    # shellcheck disable=SC2086
    "$cxx" -std=c++17 -Wall -Wextra -Werror $flags codec.cpp $alone -o cpp-by-pkg-config || exit 1
    [ "$(./cpp-by-pkg-config)" = "$version" ] || { echo "FAIL: the codec from C++, with pkg-config"; exit 1; }
    cat >> CMakeLists.txt << 'END'
enable_language(CXX)
add_executable(cpp codec.cpp)
target_link_libraries(cpp PRIVATE scree::scree_laz)
END
fi

cmake -S . -B build -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_PREFIX_PATH="$PWD/root" > configure.log 2>&1 || { cat configure.log; exit 1; }
cmake --build build > build.log 2>&1 || { cat build.log; exit 1; }
[ "$(build/consumer)" = "$version" ] || { echo "FAIL: the program built with find_package"; exit 1; }
[ "$(build/codec)" = "$version" ] || { echo "FAIL: the codec built with find_package"; exit 1; }
if [ -n "$cxx" ]; then
    [ "$(build/cpp)" = "$version" ] || { echo "FAIL: the codec from C++, with find_package"; exit 1; }
fi
echo "pkg-config and find_package, the library and the codec alone, C and C++: all give scree $version"
