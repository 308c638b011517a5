#!/usr/bin/env bash
# One version, wherever it is said: VERSION, the header, the program, the library's packages, Python, Debian, and the newest entry of CHANGELOG.md, which has a date.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
cd "$SCREE_SOURCE_DIR"
version=$(cat VERSION)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "VERSION is '$version'"
same() { # what found
    [ "$2" = "$version" ] || fail "$1 says '$2', VERSION $version"
    places=$((places + 1))
}
places=0
same "include/scree/base.h" "$(sed -n 's/^#define SCREE_VERSION_[A-Z]* //p' include/scree/base.h | paste -sd .)"
same "scree --version" "$("$SCREE" --version | awk 'NR == 1 { print $2 }')"
same python/pyproject.toml "$(sed -n 's/^version = "\(.*\)"$/\1/p' python/pyproject.toml)"
same debian/changelog "$(sed -n '1s/^scree (\(.*\)-[^-]*) .*/\1/p' debian/changelog)"
for package in scree scree-laz; do
    same "$package.pc" "$(sed -n 's/^Version: //p' "$SCREE_BINARY_DIR/$package.pc")"
done
same CHANGELOG.md "$(sed -n 's/^## \([^, ]*\).*/\1/p' CHANGELOG.md | head -n 1)"
released=$(grep -m 1 '^## ' CHANGELOG.md)
[[ $released =~ ^'## '[0-9.]+', '20[0-9]{2}-[01][0-9]-[0-3][0-9]$ ]] || fail "CHANGELOG.md: '$released' has no date"
grep -qF "$(date -u -R -d "${released##*, }" | cut -d ' ' -f 2-4)" <(sed -n '/^ -- /{p;q}' debian/changelog) || fail "debian/changelog has another date than '$released'"
# Symbols of a version that is still to come would make packages that nothing can be installed beside.
newest=$(sed -n 's/^ scree_[^ ]* //p' "debian/libscree${version%.*}.symbols" | sort -V | tail -n 1)
[ "$(printf '%s\n' "$newest" "$version" | sort -V | tail -n 1)" = "$version" ] || fail "debian/libscree${version%.*}.symbols has symbols of $newest"
echo "$places places say $version"
