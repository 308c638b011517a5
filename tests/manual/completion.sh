#!/usr/bin/env bash
# The completion script in bash itself: commands, options, words, files; also --option=word, which bash takes apart.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
. "$SCREE_BINARY_DIR/completion/scree"

# completes WANTED... -- WORD...: the completions of the last word are exactly these
completes() {
    local wanted=()
    while [ "$1" != -- ]; do
        wanted+=("$1")
        shift
    done
    shift
    COMP_WORDS=(scree "$@") COMP_CWORD=$# COMPREPLY=()
    _scree
    [ "$(printf '%s\n' "${COMPREPLY[@]:-}" | sort)" = "$(printf '%s\n' "${wanted[@]:-}" | sort)" ] ||
        fail "scree $*: completed to '${COMPREPLY[*]:-}', expected '${wanted[*]:-}'"
}

complete -p scree | grep -q -- '-F _scree' || fail "not registered"
completes convert -- con
completes validate -- va
completes info index -- in
completes build -- index bu
completes search -- index se
completes --temporal-index -- convert --temp
completes --polygon -- query --pol
completes --tmp --tmp-compression --temporal-index --threads -- convert --t
completes --recall --rerank-most -- index search a.svx --re
completes --metric --memory -- index build --me
completes auto plain json none -- convert --progress ''
completes plain -- convert --progress pl
completes plain -- convert --progress = pl
completes auto plain json none -- convert --progress =
completes -- convert --memory ''
completes -- index build --lists ''
completes core building -- enrich --mode ''
completes enrich -- help en

touch one.laz two.laz other.txt
mkdir folder
completes one.laz other.txt -- convert o
completes folder -- convert --tmp f
completes -- convert --tmp o
completes one.laz other.txt -- query in.laz -o o

# Every option of every command is offered.
"$SCREE" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -vx index > commands
"$SCREE" index --help | sed -n 's/^  \([a-z]*\) .*/index \1/p' >> commands
while read -r command; do
    # shellcheck disable=SC2086
    mapfile -t options < <("$SCREE" help $command | sed -n '/^Options:/,/^Example/p' | grep -oE '^  (-., |    )--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+')
    # shellcheck disable=SC2086
    completes "${options[@]}" -- $command --
done < commands
