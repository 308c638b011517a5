#!/usr/bin/env bash
# Every command has a man page, every option of its --help is in it, the sections are there, and what checks man pages has nothing to say.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
pages=$SCREE_BINARY_DIR/man

"$SCREE" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' > commands
"$SCREE" index --help | sed -n 's/^  \([a-z]*\) .*/index \1/p' >> commands
[ "$(wc -l < commands)" -ge 15 ] || fail "only $(wc -l < commands) commands are listed"
while read -r command; do
    page=$pages/scree-${command// /-}.1
    [ -s "$page" ] || fail "$command has no man page"
    # shellcheck disable=SC2086
    "$SCREE" help $command > help
    sed 's/\\-/-/g; s/\\f[BIR]//g' "$page" > text
    if grep -q '^Options:' help; then
        sed -n '/^Options:/,/^Example/p' help | grep -oE '^  (-., |    )--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' > options
        [ -s options ] || fail "$command: no options in its help"
        while read -r option; do
            grep -qE -- "^(-., )?$option( |\$)" text || fail "$page lacks $option"
        done < options
    fi
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS MEMORY 'SCRATCH FILES' 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
        grep -qx "\.SH $section" text || fail "$page has no section $section"
    done
done < commands
[ "$(ls "$pages" | wc -l)" = $(($(wc -l < commands) + 1)) ] || fail "a page too many, or scree.1 is missing"

# What a page refers to is there.
for page in "$pages"/*.1; do
    for other in $(sed -n 's/^\.BR \(scree[a-z\\-]*\) (1).*/\1/p' "$page" | tr -d '\\'); do
        [ -s "$pages/$other.1" ] || fail "$page refers to $other"
    done
done

checked=
if command -v man > /dev/null && command -v groff > /dev/null; then
    for page in "$pages"/*.1; do
        LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2> warnings > /dev/null || fail "man cannot show $page"
        [ ! -s warnings ] || { cat warnings; fail "man warns of $page"; }
    done
    checked="$checked man"
fi
if command -v mandoc > /dev/null; then
    mandoc -T lint -W warning "$pages"/*.1 > lint || { cat lint; fail "mandoc warns"; }
    checked="$checked mandoc"
fi
echo "$(wc -l < commands) commands, their pages checked with:${checked:- neither man nor mandoc is installed}"
