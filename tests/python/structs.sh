#!/usr/bin/env bash
# Every struct of the Python package has the offsets, and where it matters the size, that a C compiler gives the one of the header; every function exists; the version is ours.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
. "$SCREE_SOURCE_DIR/tests/python/_python.sh"
export SCREE_LIBRARY=$SCREE_SHARED_LIBRARY

"$python" - structs.c << 'END' > expected
import ctypes, sys
from scree import _structs
lines, count = [], 0
exact = {"LazItem", "LasVlr", "VectorsColumnOptions", "VectorsInput", "VectorsIdRange", "ErrorStruct"} # in arrays, in others, made by callers
for thing in vars(_structs).values():
    if isinstance(thing, type) and issubclass(thing, _structs.Struct) and thing.c_name:
        count += 1
        name = "struct " + thing.c_name
        if thing.__name__ in exact:
            print(thing.c_name, ctypes.sizeof(thing))
            lines.append(f'printf("{thing.c_name} %zu\\n", sizeof({name}));')
        else: # may be longer in C, see Struct.new()
            lines.append(f'if (sizeof({name}) < {ctypes.sizeof(thing)} || sizeof({name}) > {ctypes.sizeof(thing) + _structs.ROOM_BYTES}) puts("{thing.c_name} is out of bounds");')
        for field, *_ in thing._fields_:
            where = getattr(thing, field)
            print(thing.c_name, field, where.offset, where.size)
            lines.append(f'printf("{thing.c_name} {field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));')
assert count > 25, count
with open(sys.argv[1], "w") as file:
    file.write('#include "scree/scree.h"\n#include <stddef.h>\n#include <stdio.h>\nint main(void)\n{\n' + "\n".join(lines) + "\nreturn 0;\n}\n")
END
"$CC" -I "$SCREE_SOURCE_DIR/include" structs.c -o structs || fail "a struct or a member that the headers have not"
./structs > found
cmp -s expected found || { diff expected found; fail "structs differ"; }
[ "$("$python" -c 'import scree; print(scree.__version__)')" = "$(cat "$SCREE_SOURCE_DIR/VERSION")" ] || fail "another version"
version=$(cat "$SCREE_SOURCE_DIR/VERSION")
grep -qx "version = \"$version\"" "$SCREE_SOURCE_DIR/python/pyproject.toml" || fail "pyproject.toml has another version"
grep -q "libscree.so.${version%.*}\"" "$SCREE_SOURCE_DIR/python/scree/_library.py" || fail "_library.py has another soname"
echo "$(wc -l < found) sizes and offsets agree"
