# Resident memory of a survey's conversion, over budgets, threads and sizes: within 32 MiB of the budget, whatever the input. 128 MiB works or is
# refused before anything is read, with the number.
. "$SCREE_SOURCE_DIR/tests/budget/_budget.sh"

for points in 1000000 20000000; do
    make_survey survey.laz $points --force
    reference "${points%000000}M points" $points survey.laz
    for budget in 128M 256M 512M 1G 4G; do
        for threads in 1 2 4; do
            refused=no
            converted "${points%000000}M points" $budget $threads survey.laz
            [ $refused = no ] || [ $budget = 128M ] || fail "$points points, $budget: refused"
        done
    done
done
