#!/bin/sh
# All C files are as .clang-format says. Versions of clang-format differ in detail; 14 (Debian 12) is the one that counts.
set -u
root=${SCREE_SOURCE_DIR:-$(dirname "$0")/../..}
tool=
for candidate in clang-format-14 clang-format; do
    if "$candidate" --version 2> /dev/null | grep -q 'version 14\.'; then
        tool=$candidate
        break
    fi
done
if [ -z "$tool" ]; then
    echo "format: skipped, clang-format 14 is not installed"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
    exit 77
fi
cd "$root" || exit 1
files=$(git ls-files -- '*.c' '*.h' 2> /dev/null)
[ -n "$files" ] || files=$(find include lib cli tests bench examples \( -name '*.c' -o -name '*.h' \) -not -path '*/node_modules/*' 2> /dev/null)
present=
for file in $files; do
    [ -f "$file" ] && present="$present $file"
done
# shellcheck disable=SC2086
if ! "$tool" --dry-run -Werror $present 2> /dev/null; then
    wrong=
    for file in $present; do
        "$tool" --dry-run -Werror "$file" 2> /dev/null || wrong="$wrong $file"
    done
    echo "format: run $tool -i$wrong"
    exit 1
fi
echo "format: $(echo "$present" | wc -w) files are as .clang-format says"
