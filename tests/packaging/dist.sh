#!/usr/bin/env bash
# The source tarball is the commit: the same files with the same bytes, twice the same tarball, and it can be configured.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
git -C "$SCREE_SOURCE_DIR" rev-parse HEAD > commit 2> /dev/null || { echo "skipped: not a git checkout"; exit 77; }
version=$(git -C "$SCREE_SOURCE_DIR" show HEAD:VERSION)
for turn in one two; do
    "$SCREE_SOURCE_DIR/tools/dist" HEAD "$PWD/$turn" > /dev/null || fail "tools/dist"
done
cmp -s "one/scree-$version.tar.gz" "two/scree-$version.tar.gz" || fail "two tarballs of one commit differ"
tar xzf "one/scree-$version.tar.gz"
[ "$(ls -d scree*)" = "scree-$version" ] || fail "the tarball has another folder"
git -C "$SCREE_SOURCE_DIR" ls-tree -r HEAD | awk '{ print $3, $4 }' | sort -k 2 > want
[ "$(wc -l < want)" -gt 300 ] || fail "the commit has hardly a file"
(cd "scree-$version" && find . -type f | sed 's|^\./||' | sort > ../names && git hash-object --stdin-paths --no-filters < ../names | paste -d ' ' - ../names) | sort -k 2 > found
LC_ALL=C sort want > want.sorted
LC_ALL=C sort found > found.sorted
cmp -s want.sorted found.sorted || { diff want.sorted found.sorted | head -n 5; fail "the tarball is not the commit"; }
cmake -S "scree-$version" -B b -DSCREE_BUILD_TESTS=OFF > configure 2>&1 || { tail -n 20 configure; fail "the tarball cannot be configured"; }
echo "$(wc -l < found) files"
