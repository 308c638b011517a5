#!/usr/bin/env bash
# Has independent decoders judge COPC files: copc.js walks the octree; laz-perf (by node, and as a plain LAZ file) and laz-rs decode the
# records, which have to be the same bytes in the same order for all three.
#
# usage: judge.sh [--tolerate-returns] [--allow RULE,...] [--without-laz-rs] FILE...
#   --tolerate-returns   return numbers above the number of returns are in the input, and stay
#   --allow              rules of copc-strict.mjs that may be broken
#   --without-laz-rs     for chunks of several scanner channels with extra bytes: this laz-rs (0.5.2) gets these wrong, in LASzip's files too
# Exit code 0: all agree; 1: not (each disagreement is printed); 77: Node 18 or the decoders are not installed (tools/setup oracle).
set -u
here=$(dirname -- "$(realpath -- "$0")")
. "$here/_node.sh"
need_node

walk_flags=() strict_flags=() files=() lazrs_script=copc-lazrs.mjs
while [ $# -gt 0 ]; do
    case $1 in
    --tolerate-returns) walk_flags=("$1") ;;
    --allow) strict_flags=("$1" "$2") && shift ;;
    --without-laz-rs) lazrs_script= ;;
    *) files+=("$1") ;;
    esac
    shift
done

field() { node -p "JSON.parse(require('fs').readFileSync(0, 'utf8'))['$1']" <<< "$2" 2> /dev/null; }

faults=0
for file in "${files[@]}"; do
    bad=
    walk=$(node "$here/copc-walk.mjs" "${walk_flags[@]}" "$file" 2>&1) || bad="$bad"$'\n'"  copc.js: $walk"
    strict=$(node "$here/copc-strict.mjs" "${strict_flags[@]}" "$file" 2>&1) || bad="$bad"$'\n'"  strict: $strict"
    lazrs=
    if [ -n "$lazrs_script" ]; then
        lazrs=$(node "$here/$lazrs_script" "$file" 2>&1) || bad="$bad"$'\n'"  laz-rs: $lazrs"
    fi
    plain=$(node "$here/records.mjs" "$file" 2>&1) || bad="$bad"$'\n'"  plain LAZ: $plain"
    sums=$(for line in "$strict" ${lazrs:+"$lazrs"} "$plain"; do field md5 "$line" || echo none; done | sort -u)
    [[ $sums =~ ^[0-9a-f]{32}$ ]] || bad="$bad"$'\n'"  the decoders disagree:"$'\n'"$strict"$'\n'"$lazrs"$'\n'"$plain"
    if [ -n "$bad" ]; then
        echo "FAIL $file$bad"
        faults=1
    else
        echo "ok   $file: $(field points "$walk") points, $(field nodes "$walk") nodes, $(field pages "$walk") pages, md5 $sums"
    fi
done
exit $faults
