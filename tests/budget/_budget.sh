# Parts of the other scripts: sourced by them. A conversion within a budget gives the bytes of one with plenty; or it is refused with a number,
# and the number is right.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

SLACK=$((32 * 1024 * 1024))
PLENTY=8G

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out | tail -n 1; }

# Sanitizers keep shadow memory of their own.
within() { # what budget-bytes
    [ -n "${SCREE_SANITIZE:-}" ] || [ "$(value_of peak_resident_bytes)" -le $(($2 + SLACK)) ] ||
        fail "$1: resident $(value_of peak_resident_bytes) of a budget of $2"
}

bytes_of() {
    case $1 in
        *G) echo $((${1%G} << 30)) ;;
        *M) echo $((${1%M} << 20)) ;;
        *) echo "$1" ;;
    esac
}

# row CASE THREADS BUDGET WHAT: of the table that the script prints
row() {
    printf '%-14s %u threads, budget %11s: %-10s' "$1" "$2" "$3" "$4"
    [ "$4" = refused ] || printf ' resident %4u M, scratch %s, %s ms' $(($(value_of peak_resident_bytes) >> 20)) \
        "$([ "$(value_of scratch_bytes)" = 0 ] && echo no || echo yes)" "$took"
    echo
}

timed() { # code arguments...
    local begin=$(date +%s%N)
    expect "$@"
    took=$((($(date +%s%N) - begin) / 1000000))
}

# reference CASE POINTS INPUT...: whole.copc.laz, with plenty of memory and one thread
reference() {
    local name=$1 points=$2
    shift 2
    timed 0 convert "$@" whole.copc.laz --json --force -q --threads 1 --memory $PLENTY
    row "$name" 1 $PLENTY done
    [ "$(value_of points_out)" = "$points" ] || fail "$name: $(value_of points_out) points of $points"
    [ "$(points_of whole.copc.laz)" = "$points" ] || fail "$name: the header says $(points_of whole.copc.laz) points"
    expect 0 validate whole.copc.laz
}

# converted CASE BUDGET THREADS INPUT...: within the budget, with the bytes of the reference; or refused, and then with the budget that it names
converted() {
    local name=$1 budget=$2 threads=$3 code=0 named
    shift 3
    rm -f small.copc.laz
    local begin=$(date +%s%N)
    "$SCREE" convert "$@" small.copc.laz --json -q --threads "$threads" --memory "$budget" --tmp scratch > out 2> err < /dev/null || code=$?
    took=$((($(date +%s%N) - begin) / 1000000))
    [ -z "$(ls -A scratch)" ] || fail "$name: left in scratch: $(ls -A scratch)"
    if [ $code = 3 ]; then
        absent small.copc.laz
        named=$(sed -n 's/.*--memory \([0-9]*M\).*/\1/p' err)
        [ -n "$named" ] || fail "$name: refused $budget without saying what would do"
        [ "$(bytes_of "$named")" -gt "$(bytes_of "$budget")" ] || fail "$name: refused $budget, named $named"
        row "$name" "$threads" "$budget" refused
        refused=yes
        timed 0 convert "$@" small.copc.laz --json -q --threads "$threads" --memory "$named" --tmp scratch
        budget=$named
    elif [ $code != 0 ]; then
        fail "$name, $threads threads, $budget: exit code $code"
    fi
    row "$name" "$threads" "$budget" done
    within "$name, $threads threads" "$(bytes_of "$budget")"
    cmp -s whole.copc.laz small.copc.laz || fail "$name, $threads threads, $budget: other bytes"
}

# floor_of THREADS INPUT...: the least budget that the plan promises
floor_of() {
    local threads=$1
    shift
    expect 0 convert "$@" planned.copc.laz --dry-run --json -q --threads "$threads" --memory $PLENTY
    value_of floor_bytes
}

mkdir -p scratch
refused=no
