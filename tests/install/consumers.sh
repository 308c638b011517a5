#!/usr/bin/env bash
# What is installed can be used: a program finds the library through pkg-config and through CMake, and runs.
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
END

version=$(head -n 1 "$SCREE_SOURCE_DIR/VERSION")
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find root -name scree.pc)")
# shellcheck disable=SC2046
"$CC" -std=c11 $flags main.c $(pkg-config --define-variable=prefix="$PWD/root" --cflags --libs scree) -o by-pkg-config || exit 1
[ "$(./by-pkg-config)" = "$version" ] || { echo "FAIL: the program built with pkg-config"; exit 1; }

cmake -S . -B build -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$flags" -DCMAKE_PREFIX_PATH="$PWD/root" > configure.log 2>&1 || { cat configure.log; exit 1; }
cmake --build build > build.log 2>&1 || { cat build.log; exit 1; }
[ "$(build/consumer)" = "$version" ] || { echo "FAIL: the program built with find_package"; exit 1; }
echo "pkg-config and find_package: both give scree $version"
