# What an input can be: file, folder in any depth, ending in any case, pattern, @list; each file once, the output never.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"

mkdir -p tiles/deep/deeper
make_survey tiles/a.laz 3000 --seed 1
make_survey tiles/deep/b.las 4000 --seed 2
make_survey c.laz 5000 --seed 3
mv c.laz tiles/deep/deeper/C.LAZ
echo "not a point" > tiles/readme.txt

# total: points of the last output
total() {
    [ "$(points_of "$1")" = "$2" ] || fail "$1: $(points_of "$1") points, expected $2"
}

expect 0 convert tiles folder.copc.laz -q
total folder.copc.laz 12000
expect 0 convert tiles/ ./tiles/a.laz 'tiles/deep/*.las' once.copc.laz
says err '2 inputs named more than once'
total once.copc.laz 12000
cmp folder.copc.laz once.copc.laz || fail "the same points, another output"
ln tiles/a.laz link.laz
expect 0 convert link.laz tiles/a.laz link.copc.laz -q
total link.copc.laz 3000
expect 0 convert 'tiles/*.laz' 'tiles/d*' pattern.copc.laz -q
total pattern.copc.laz 12000
printf '# a list\n\ntiles/a.laz\ntiles/deep/deeper/C.LAZ\r\n' > list.txt
expect 0 convert @list.txt list.copc.laz -q
total list.copc.laz 8000

# The output in an input folder: the second run leaves it out, and unfinished files too.
expect 0 convert tiles tiles/all.copc.laz -q
echo "half a file" > tiles/other.laz.part
expect 0 convert tiles 'tiles/other*' tiles/all.copc.laz --force
says err 'tiles/all\.copc\.laz lies among the inputs'
says err '1 unfinished file '
total tiles/all.copc.laz 12000
expect 2 convert tiles tiles/all.copc.laz tiles/all.copc.laz --force
total tiles/all.copc.laz 12000
expect 1 convert 'tiles/other*' none.copc.laz
says err 'no input is left'

mkdir empty
expect 1 convert empty none.copc.laz
says err 'empty'
expect 1 convert 'nothing*.laz' none.copc.laz
expect 1 convert @missing.txt none.copc.laz
expect 1 convert tiles/readme.txt none.copc.laz
says err 'readme\.txt'
absent none.copc.laz
