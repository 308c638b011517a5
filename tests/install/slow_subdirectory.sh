#!/usr/bin/env bash
# The source tree inside another project, by add_subdirectory(): the library and the codec are targets under the names that find_package() gives them; the
# other project's settings stay as they are, and nobody asks for the tests.
set -u
flags=${SCREE_SANITIZE:+-fsanitize=$SCREE_SANITIZE}
fail() {
    echo "FAIL: $*" >&2
    exit 1
}

cat > main.c << 'END'
#include <scree/scree.h>
#include <stdio.h>

int main(void)
{
    printf("%s\n", scree_version());
    return 0;
}
END
cat > codec.c << 'END'
#include <scree/laz.h>
#include <stdio.h>

int main(void)
{
    struct scree_laz_layout layout;
    if (scree_laz_layout_init(&layout, 7, 0, 50000, NULL) != SCREE_OK)
        return 1;
    printf("%s\n", scree_version());
    return 0;
}
END
cat > CMakeLists.txt << END
cmake_minimum_required(VERSION 3.20)
project(around C)
add_subdirectory("$SCREE_SOURCE_DIR" scree EXCLUDE_FROM_ALL)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE scree::scree)
add_executable(codec codec.c)
target_link_libraries(codec PRIVATE scree::scree_laz)
if(CMAKE_BUILD_TYPE OR SCREE_BUILD_TESTS OR TARGET fuzz_las)
  message(FATAL_ERROR "scree has set what is the other project's: build type '\${CMAKE_BUILD_TYPE}', tests '\${SCREE_BUILD_TESTS}'")
endif()
END
cmake -S . -B build -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="-O0 $flags" > configure.log 2>&1 || { cat configure.log; fail "it cannot be configured"; }
cmake --build build -j 2 > build.log 2>&1 || { tail -n 30 build.log; fail "it cannot be built"; }
version=$(head -n 1 "$SCREE_SOURCE_DIR/VERSION")
[ "$(build/consumer)" = "$version" ] || fail "the library"
[ "$(build/codec)" = "$version" ] || fail "the codec alone"
[ ! -e build/scree/scree ] || fail "the program was built, too, and nobody asked for it"
[ -z "$(git -C "$SCREE_SOURCE_DIR" status --porcelain 2> /dev/null | grep '^??.*CMakeCache')" ] || fail "the source tree was written to"
echo "add_subdirectory: the library and the codec alone give scree $version"
