# A folder of 100 files: slow_enrich_folder.sh has ten times as many.
files=100 points=20K
. "$SCREE_SOURCE_DIR/tests/budget/_enrich_folder.sh"
