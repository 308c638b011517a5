#!/usr/bin/env bash
# LASzip judges the codec: laszip.cpp, linked with a LASzip that SCREE_LASZIP names: the folder of its source, in which it was built as a
# static library (cmake -S . -B b -DLASZIP_BUILD_STATIC=ON && cmake --build b). SCREE_LASZIP_RUNS: so many random files (default 300).
set -u
if [ -z "${SCREE_LASZIP:-}" ]; then
    echo "skipped: SCREE_LASZIP is not set (the folder of LASzip's source, with a static library built in it)"
    exit 77
fi
library=$(find "$SCREE_LASZIP" -name liblaszip.a | head -n 1)
if [ ! -f "$SCREE_LASZIP/src/laszip.hpp" ] || [ -z "$library" ]; then
    echo "FAIL: SCREE_LASZIP=$SCREE_LASZIP holds no src/laszip.hpp, or no liblaszip.a"
    exit 1
fi
generated=$(dirname "$(find "$SCREE_LASZIP" -name laszip_api_version.h | head -n 1)")
flags=${SCREE_SANITIZE:+-fsanitize=$SCREE_SANITIZE}
# shellcheck disable=SC2086
"${CXX:-c++}" -std=c++17 -O2 -w $flags "-I$SCREE_LASZIP/src" "-I$SCREE_LASZIP/include/laszip" "-I$generated" "-I$SCREE_SOURCE_DIR/include" \
    "$SCREE_SOURCE_DIR/tests/oracle/laszip.cpp" "$SCREE_BINARY_DIR/libscree_laz.a" "$library" -o laszip || exit 1
exec ./laszip "${SCREE_LASZIP_RUNS:-300}" "${SCREE_LASZIP_SEED:-1}"
