# The memory that a conversion takes: with the budget that the plan names it runs, and its resident set stays within 32 MiB of that budget,
# with one thread and with four.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

value_of() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" out; }

make_survey survey.laz 6M
for threads in 1 4; do
    expect 0 convert survey.laz plan.copc.laz --dry-run --json --threads $threads
    need=$(value_of memory_bytes)
    [ "$need" -gt 200000000 ] || fail "6 million points planned with $need bytes"
    expect 0 convert survey.laz out.copc.laz --json --force --threads $threads --memory "$need"
    resident=$(value_of peak_resident_bytes)
    # Sanitizers keep shadow memory of their own.
    case ${SCREE_SANITIZE:-} in
    "") [ "$resident" -le $((need + 32 * 1024 * 1024)) ] || fail "$threads threads: resident $resident of a budget of $need" ;;
    esac
    expect 3 convert survey.laz small.copc.laz --threads $threads --memory $((need / 2))
    says err '--memory [0-9]+M'
    absent small.copc.laz
done
