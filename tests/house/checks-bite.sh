#!/usr/bin/env bash
# The checks of this folder fail when they should: each rule is broken in a small tree of its own.
set -u
here=$(dirname -- "$(realpath -- "$0")")
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
faults=0
cases=0

# A tree that keeps every rule.
fresh() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree"/{include/scree,lib/{base,mem,simd,par,laz,las},cli,examples}
    cd "$work/tree" || exit 1
    printf 'base\nmem base\nsimd base\npar base mem\nlaz base mem\nlas base mem laz\n' > lib/LAYERS
    printf '/* Since 0.1. */\n#ifndef A_H\n#define A_H\nint scree_a(int x);\n#endif\n' > include/scree/a.h
    printf 'struct scree_error;\n' > lib/base/error.h
    printf '#include "base/error.h"\n#include "scree/a.h"\nint scree_a(int x)\n{\n    return x; /* free(x), "getenv(" */\n}\n' > lib/base/error.c
    printf '#include "base/error.h"\n#include <string.h>\nint scree__laz_one(void);\nint scree__laz_one(void)\n{\n    return 1;\n}\n' > lib/laz/one.c
    printf '#include "laz/one.h"\n#include "own.h"\n' > lib/las/two.c
    touch lib/laz/one.h lib/las/own.h
    printf '#include <stdlib.h>\n#include "scree/a.h"\n#include "main.h"\nvoid f(char *p) { free(p); }\n' > cli/main.c
    touch cli/main.h
    printf 'int scree__simd_two(void);\nint scree__simd_two(void)\n{\n    return 2;\n}\n' > lib/simd/two.c
    printf 'int scree_a(int x);\nint main(void)\n{\n    return scree_a(0);\n}\n' > examples/laz_read.c
    cp "$here/../../.clang-format" .
}

library() {
    rm -f "$work/lib.a"
    for file in lib/*/*.c; do
        "${CC:-cc}" -Iinclude -Ilib -c "$file" -o "$work/$(basename "$file").o" || exit 1
    done
    ar rc "$work/lib.a" "$work"/*.o
    rm -f "$work"/*.o
}

# expect CHECK CODE TEXT: in the tree as it is now, the check ends with this code and says TEXT
expect() {
    local said code
    [ "$1" != symbols ] || library
    said=$(SCREE_SOURCE_DIR=$PWD SCREE_LIBRARY=$work/lib.a bash "$here/$1.sh" 2>&1)
    code=$?
    cases=$((cases + 1))
    if [ $code != "$2" ] || [[ $said != *"$3"* ]]; then
        echo "FAIL: $1 ended with $code, not $2, or did not say '$3':"
        echo "$said"
        faults=1
    fi
}

fresh
for check in layers symbols headers laz-alone; do expect $check 0 "$check: "; done

broken_line() { # FILE LINE TEXT: layers objects to this line
    fresh
    echo "$2" >> "$1"
    expect layers 1 "$3"
}
broken_line lib/laz/one.c '#include "las/own.h"' 'lib/laz must not include from lib/las'
broken_line lib/base/error.c '#include "../laz/one.h"' 'leaves its folder'
broken_line lib/laz/one.c '#include "own.h"' 'no such file in lib/laz'
broken_line lib/laz/one.c '#include <unistd.h>' 'lib/laz is plain C11'
broken_line lib/las/two.c '#include <pthread.h>' 'threads belong to lib/par'
broken_line lib/las/two.c 'void f(void) { pthread_exit(0); }' 'threads belong to lib/par'
broken_line lib/las/two.c 'void *f(void) { return malloc(3); }' 'memory comes from lib/mem'
broken_line lib/las/two.c 'void f(void *p) { /* x */ free (p); }' 'memory comes from lib/mem'
broken_line lib/las/two.c 'void f(void) { fprintf(stderr, "x"); }' 'does not print'
broken_line lib/las/two.c 'char *f(void) { return getenv("X"); }' 'does not print'
broken_line lib/las/two.c 'void f(void) { exit(1); }' 'does not print'
broken_line cli/main.c 'void g(char *a) { strcpy(a, "x"); }' 'banned everywhere'
broken_line cli/main.c '#include "las/own.h"' 'its own files only'
broken_line cli/main.c '#include "../lib/las/own.h"' 'leaves its folder'
broken_line cli/main.c '#include "scree/none.h"' 'no such public header'
broken_line include/scree/a.h '#include "base/error.h"' 'only public headers'
fresh
mkdir lib/extra && touch lib/extra/x.c
echo x >> lib/extra/x.c
expect layers 1 'not in lib/LAYERS'

fresh
printf 'int helper(void) { return 1; }\n' > lib/mem/m.c
expect symbols 1 'helper: a global symbol without the prefix'
fresh
printf 'int scree_hidden(void) { return 1; }\n' > lib/mem/m.c
expect symbols 1 'scree_hidden: named as public'
fresh
printf 'int scree_missing(void);\n' > include/scree/b.h
expect symbols 1 'scree_missing: declared'

fresh
printf 'size_t scree_b(void);\n' > include/scree/b.h
expect headers 1 'size_t'
fresh
printf 'struct scree_b { int x; };\n' > include/scree/b.h
expect headers 1 'redefinition'
fresh
printf 'struct scree_b;\n' > include/scree/b.h
expect headers 1 'since when'
fresh
printf '/* Since 0.1. */\n#define SCREE_API\n/* One. */\nSCREE_API int scree_b(int x);\nSCREE_API int\nscree_c(int x);\n' > include/scree/b.h
expect headers 1 'scree_c(): no comment'
fresh
printf '#include <stdlib.h>\nvoid *scree__laz_f(void) { return malloc(1); }\n' > lib/laz/two.c
expect laz-alone 1 'malloc'
fresh
printf 'int scree_b(int x);\nint main(void)\n{\n    return scree_b(0);\n}\n' > examples/laz_read.c
expect laz-alone 1 'scree_b'
fresh
printf '#include "copc/none.h"\n' > lib/laz/two.c
expect laz-alone 1 'none.h'

# A tree whose documents keep every rule, and each rule broken: document, line, what is said.
papers() {
    fresh
    mkdir -p docs tests/cli
    touch tests/cli/one.sh docs/a.md
    { echo '| base | x | libc | |'; for room in mem simd; do echo "| $room | x | base | |"; done
      echo '| par | x | base mem | |'; echo '| laz | x | base mem | |'; echo '| las | x | base mem laz | |'; } > ARCHITECTURE.md
    for room in base mem simd par laz las; do
        mkdir -p lib/$room
        printf 'Does: x\n\nDoes not: y\n\nStart reading at: z\n' > lib/$room/README.md
    done
}
broken_paper() {
    papers
    echo "$2" >> "$1"
    expect documents 1 "$3"
}
papers
expect documents 0 'documents: '
broken_paper docs/a.md 'see `lib/las/three.c`' 'lib/las/three.c is not there'
broken_paper lib/las/README.md 'see `one.c`' 'one.c is not there'
broken_paper ARCHITECTURE.md '    a ──▶ b   two_more.c' 'two_more.c is not there'
broken_paper docs/a.md 'call scree_none()' 'scree_none() is not public'
broken_paper docs/a.md 'the test `cli.two`' 'no test cli.two'
papers && sed -i 's/base mem laz/base/' ARCHITECTURE.md
expect documents 1 'ARCHITECTURE.md: las may include'
papers && sed -i '/^| par/d' ARCHITECTURE.md
expect documents 1 'the room par has no row'
papers && sed -i '/Does not/d' lib/mem/README.md
expect documents 1 "lib/mem/README.md: does not say"
if command -v clang-format > /dev/null 2>&1; then
    fresh
    printf 'int   x;\n' > lib/mem/m.c
    SCREE_NO_SKIP= SCREE_SOURCE_DIR=$PWD sh "$here/format.sh" > /dev/null 2>&1
    [ $? = 77 ] || expect format 1 'lib/mem/m.c'
fi

[ $faults = 0 ] && echo "checks-bite: $cases cases"
exit $faults
