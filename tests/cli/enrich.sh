# scree enrich, one file: what it says, what it keeps, what it refuses.
. "$SCREE_SOURCE_DIR/tests/cli/_cli.sh"
export SOURCE_DATE_EPOCH=1700000000

make_survey a.laz 20K --format 6 --chunk-size 6000
make_survey b.las 4K --format 3
expect 0 convert a.laz c.copc.laz -q --temporal-index 10

# Usage.
expect 2 enrich
expect 2 enrich a.laz
expect 2 enrich a.laz out.laz --mode town
expect 2 enrich a.laz out.laz --features Linearity,Nonsense
says err 'no feature "Nonsense"'
expect 2 enrich a.laz out.laz --features Linearity,+Planarity
expect 2 enrich a.laz out.laz --k 0
says err '\-\-k 0 needs a --radius'
expect 2 enrich a.laz out.laz --radius -1
expect 2 enrich a.laz out.laz --ground-class two
expect 2 enrich a.laz out.laz --threshold 2
expect 2 enrich a.laz out.laz --neighbors nowhere
expect 2 enrich a.laz out.laz --strip --verify 10
expect 2 enrich a.laz out.laz --write-class
expect 1 enrich missing.laz out.laz
absent out.laz

# Plan.
expect 0 enrich a.laz out.laz --dry-run
says out '^points +20,000'
says out '^memory '
says out '^scratch '
says out '^time '
expect 0 enrich a.laz out.laz --dry-run --json
is_json out
absent out.laz

# Core: valid, described, nothing lost; the same again, and back.
expect 0 enrich a.laz core.laz --neighbors none --json
is_json out
says err '^core.laz: 20,000 points'
expect 0 validate core.laz
expect 0 info core.laz
for words in 'NormalX +float' 'Planarity .*k20 \(l2-l3\)/l1' 'HeightAboveGround .*TIN m' 'scree +1 '; do says out "$words"; done
absent core.enrich.json core.enrich.png
expect 1 enrich a.laz core.laz --neighbors none
says err 'exists already'
expect 0 enrich core.laz again.laz --neighbors none -q
cmp core.laz again.laz || fail "enriched twice: other bytes"
expect 0 enrich core.laz bare.laz --strip -q
cmp a.laz bare.laz || fail "stripped: other bytes"
expect 0 enrich core.laz other.laz --neighbors none --k 12 --features Planarity --compact -q
expect 0 enrich a.laz direct.laz --neighbors none --k 12 --features Planarity --compact -q
cmp other.laz direct.laz || fail "replaced: other bytes than from the original"
# Subsets, more than the mode has, other names; what is done is told by lines.
expect 0 enrich a.laz some.laz --neighbors none --features +Eigenvalue1,+eigenvalue_3,-Density --names ign --progress json
grep '^{' err > lines || fail "--progress json says nothing"
says lines '"stage":"neighbours".*"done":20000,"total":20000'
for word in memory_bytes budget_bytes seconds_left resident_bytes; do says lines "\"$word\":"; done
expect 0 info some.laz
for words in 'eigenvalue_1 +float' 'eigenvalue_3 +float' 'normal_x +float'; do says out "$words"; done
for word in density eigenvalue_2 NormalX; do ! grep -q "^ *$word " out || fail "$word is there"; done
for way in "--threads 1" "--threads 4" "--threads 2 --memory 256M"; do
    # shellcheck disable=SC2086
    expect 0 enrich a.laz again.laz --neighbors none -q --force $way
    cmp core.laz again.laz || fail "other bytes with $way"
done

# Files around whose lattices are others: told once, with how many, however many they are.
mkdir mixed
make_survey mixed 12K --tiles 4 --force
for t in mixed/*.laz; do
    [ "$t" = "$(echo mixed/*.laz | cut -d ' ' -f 1)" ] || printf '\003' | dd of="$t" bs=1 seek=158 conv=notrunc 2> dd.err
done
expect 0 enrich "$(echo mixed/*.laz | cut -d ' ' -f 1)" mixed.out.laz --features Linearity
[ "$(grep -c 'places are rounded' err)" = 1 ] || fail "$(grep -c 'places are rounded' err) warnings of one thing"
says err "^scree: .*$(echo mixed/*.laz | cut -d ' ' -f 2) and 2 more: scale or offset do not fit"

# Heights in another unit than x and y.
expect 0 enrich a.laz feet.laz --neighbors none --features Linearity --crs EPSG:2154
! grep -q 'heights are in' err || fail "a warning of units where there is one unit"
expect 0 enrich a.laz feet.laz --neighbors none --features Linearity --force --crs 'COMPD_CS["mixed",PROJCS["feet",GEOGCS["NAD83",DATUM["North_American_Datum_1983",SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",41],PARAMETER["central_meridian",-120],PARAMETER["scale_factor",1],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["US survey foot",0.304800609601219]],VERT_CS["NAVD88 height",VERT_DATUM["North American Vertical Datum 1988",2005],UNIT["metre",1],AXIS["Up",UP]]]'
says err 'a.laz: heights are in metre, x and y in .*foot.*mix the two'

# Units: stated for a file that tells none; lengths with a unit of their own. What comes out is that of the same lengths in units of the coordinates.
make_survey bare.las 3K --crs '' --force
only="--neighbors none --features NeighborCount,Density,HeightAboveGround -q --force"
expect 0 enrich bare.las u.las $only
says err 'does not tell the unit of lengths; metres are assumed'
for unit in m ft us-ft; do
    expect 0 enrich bare.las u.las $only --unit $unit
    ! grep -q 'metres are assumed' err || fail "--unit $unit: metres are assumed all the same"
done
grep -aq '"unit":"US survey foot","metres_per_unit":0.30480060' u.las || fail "the parameter record has another unit"
expect 0 info u.las
says out 'Density .* 1/ft3'
expect 0 enrich bare.las u.las $only --unit ft --radius 2m --count-radius 6ft --ground-reach 30ft --ground-cell 3ft
expect 0 enrich bare.las v.las $only --unit ft --radius 6.56167979 --count-radius 6 --ground-reach 30 --ground-cell 3
cmp u.las v.las || fail "lengths with a unit: other bytes"
expect 0 enrich bare.las u.las $only --unit m --radius 2m
expect 0 enrich bare.las v.las $only --unit m --radius 2
cmp u.las v.las || fail "2m in metres: other bytes"
for bad in 2km 2in -2m m 2m2 2mm; do expect 2 enrich bare.las u.las $only --radius=$bad; done
says err '2, 2m, 6ft or 6us-ft'
expect 2 enrich bare.las u.las $only --unit cubit

# In place.
cp a.laz place.laz
expect 0 enrich place.laz place.laz --neighbors none --force -q
cmp -s place.laz core.laz && fail "the record names the file: it cannot be the same"
expect 0 enrich place.laz place.laz --strip --force -q
cmp place.laz a.laz || fail "in place and back: other bytes"

# Ground thinned by a grid: said in the file, checked by scans, other heights, the same for any budget; refused where it is no length.
expect 2 enrich a.laz out.laz --ground-cell 0
expect 2 enrich a.laz out.laz --ground-cell -1
expect 0 enrich a.laz thin.laz --neighbors none --ground-cell 2.5 --verify 50 --mode building --report none -q
expect 0 info thin.laz
says out 'HeightAboveGround .*z-ground TIN cell2.5 m'
grep -aq '"ground_cell":2.5,' thin.laz || fail "the parameter record has no ground_cell"
expect 0 enrich a.laz again.laz --neighbors none --ground-cell 2.5 --mode building --report none -q --force --memory 64M --threads 1
cmp thin.laz again.laz || fail "--ground-cell: other bytes in 64 MiB"
expect 0 enrich thin.laz again.laz --neighbors none -q --force
cmp core.laz again.laz || fail "without --ground-cell: other bytes than from the original"

# LAS 1.2 becomes 1.4 where it is asked for, in either kind; back; the same again; with the option and without.
expect 2 enrich b.las out.las --strip --las14
make_survey b.laz 4K --format 3 --force
for kind in las laz; do
    expect 0 enrich b.$kind new.$kind --neighbors none --las14 -q
    expect 0 validate new.$kind
    expect 0 info new.$kind
    says out ': LA[SZ] 1\.4'
    expect 0 enrich new.$kind again.$kind --neighbors none --las14 -q --force
    cmp new.$kind again.$kind || fail "$kind: LAS 1.4, enriched twice: other bytes"
    expect 0 enrich b.$kind old.$kind --neighbors none -q
    ! cmp -s old.$kind new.$kind || fail "$kind: --las14 does nothing"
    expect 0 enrich new.$kind again.$kind --neighbors none -q --force
    cmp old.$kind again.$kind || fail "$kind: without --las14 the old header does not come back"
    expect 0 enrich new.$kind bare.$kind --strip -q --force
    cmp b.$kind bare.$kind || fail "$kind: LAS 1.4, stripped: other bytes"
done
rm b.laz

# Kinds.
expect 0 enrich b.las b.laz --neighbors none -q
expect 0 validate b.laz
says out 'valid LAZ'
expect 0 enrich b.laz back.las --strip -q
cmp b.las back.las || fail "LAS to LAZ and back: other bytes"
expect 0 enrich c.copc.laz d.copc.laz --neighbors none -q
expect 0 validate d.copc.laz
says out 'valid COPC'
expect 0 enrich d.copc.laz e.copc.laz --strip -q
cmp c.copc.laz e.copc.laz || fail "COPC and back: other bytes"
expect 0 enrich c.copc.laz f.laz --out laz --neighbors none -q
expect 0 validate f.laz
says out 'valid LAZ'
expect 0 enrich a.laz g.copc.laz --neighbors none -q
expect 0 validate g.copc.laz
says out 'valid COPC'
[ "$(points_of g.copc.laz)" = 20000 ] || fail "points of g.copc.laz"
absent g.copc.laz.part

# Building: report, map, classes.
expect 0 enrich a.laz town.laz --mode building --neighbors none --json
says out '"class_6_present":[[:space:]]*true'
says err 'against class 6'
is_json town.enrich.json
says town.enrich.txt 'below 2 m'
says town.enrich.txt 'HeightAboveGround'
for words in 'like a wall ' 'like a roof ' 'Without a ground point of this file: a circle of' '0.95 to 1.00' 'score and class 6 disagree: [0-9]+ place'; do says town.enrich.txt "$words"; done
for word in largest_gap by_surface wall roof score_histogram disagreement largest missed cell_size; do says town.enrich.json "\"$word\":"; done
for word in ground_gap by_surface score_histogram disagreement; do says out "\"$word\":"; done
# The report and the map are the same bytes too.
for kind in json txt png; do mv town.enrich.$kind kept.$kind; done
for way in "--threads 1 --memory 256M" "--threads 4 --memory 64M"; do
    # shellcheck disable=SC2086
    expect 0 enrich a.laz town.laz --mode building --neighbors none --force -q $way
    for kind in json txt png; do cmp town.enrich.$kind kept.$kind || fail "another $kind with $way"; done
done
# A report of any run with heights has the gap in the ground.
expect 0 enrich a.laz bare.laz --features HeightAboveGround --report always --neighbors none --force -q
says bare.enrich.json '"largest_gap":'
says bare.enrich.txt 'Without a ground point of this file: a circle of'
! grep -q '"building"' bare.enrich.json || fail "a score is judged that is not there"
# What cannot be verified is said with what is missing; a report that is bad stays a result.
expect 0 enrich b.las open.las --mode building --neighbors none --threshold 1
says err '^scree: warning: b.las: F1 against class 6 is '
says open.enrich.txt 'F1 against class 6 is 0.00, below 0.60'
make_survey one.laz 1
expect 0 enrich one.laz one.out.laz --mode building --neighbors none
says err 'warning: one.laz: no point of class 6 \(building\): the building score cannot be verified'
[ "$(head -c 4 one.out.enrich.png | tail -c 3)" = PNG ] || fail "no map of one point"
says one.out.enrich.json '"points":1,'
# The report comes before the output: where it cannot be written there is none.
mkdir blocked.enrich.json
expect 1 enrich a.laz blocked.laz --mode building --neighbors none
absent blocked.laz blocked.laz.part
rmdir blocked.enrich.json
[ "$(head -c 4 town.enrich.png | tail -c 3)" = PNG ] || fail "town.enrich.png is no PNG"
expect 0 enrich town.laz bare.laz --strip --force -q
cmp a.laz bare.laz || fail "building mode changed a record"
expect 0 enrich a.laz town.laz --mode building --neighbors none --report none --force -q
expect 0 enrich a.laz town2.laz --mode building --neighbors none --report none --write-class --threshold 0.4 --json
absent town2.enrich.json
written=$(tr -d ' \t' < out | sed -n 's/^"classes_written":\([0-9]*\),*$/\1/p' | head -n 1)
expect 0 enrich town2.laz bare.laz --strip --force -q
if [ "$written" = 0 ]; then cmp -s a.laz bare.laz || fail "no class was written, and records differ"; else ! cmp -s a.laz bare.laz || fail "classes are said to be written, and records are the same"; fi

# A budget that is too small names one that does.
expect 3 enrich a.laz small.laz --memory 20M
says err 'needs at least'
absent small.laz

# Damage.
head -c 60000 a.laz > cut.laz
expect 1 enrich cut.laz out.laz --neighbors none
says err '^scree: cut.laz: '
absent out.laz
