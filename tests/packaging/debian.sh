#!/usr/bin/env bash
# debian/ keeps up with the rest: version, soname, every public function in the symbols file, every option of the build that it uses.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
cd "$SCREE_SOURCE_DIR"
version=$(cat VERSION)
head -n 1 debian/changelog | grep -qF "scree ($version-" || fail "debian/changelog is not of $version"
api=${version%.*}
grep -qx "Package: libscree$api" debian/control || fail "debian/control has no libscree$api"
symbols=debian/libscree$api.symbols
head -n 1 "$symbols" | grep -qx "libscree.so.$api libscree$api #MINVER#" || fail "$symbols has another soname"
nm -g --defined-only "$SCREE_LIBRARY" 2> /dev/null | awk 'NF == 3 && $3 ~ /^scree_[^_]/ { print " " $3 "@Base" }' | LC_ALL=C sort -u > "$OLDPWD/have"
sed -n 's/^\( scree_[^ ]*\) .*/\1/p' "$symbols" | LC_ALL=C sort > "$OLDPWD/listed"
cd "$OLDPWD"
[ "$(wc -l < have)" -gt 100 ] || fail "hardly a function in $SCREE_LIBRARY"
[ -z "$(LC_ALL=C comm -13 have listed)" ] || fail "$symbols lists what the library has not: $(LC_ALL=C comm -13 have listed | head -n 3)"
[ -z "$(LC_ALL=C comm -23 have listed)" ] || fail "$symbols lacks (add each with the version, ' NAME@Base $version'): $(LC_ALL=C comm -23 have listed)"
for option in $(grep -oE 'DSCREE_[A-Z_]+' "$SCREE_SOURCE_DIR/debian/rules" | cut -c2- | sort -u); do
    grep -qE "(option|set)\($option " "$SCREE_SOURCE_DIR/CMakeLists.txt" || fail "debian/rules uses $option, which CMakeLists.txt does not know"
done
echo "$(wc -l < listed) symbols"
