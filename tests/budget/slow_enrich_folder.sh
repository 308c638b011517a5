# A folder of 1,000 files.
files=1000 points=1M
. "$SCREE_SOURCE_DIR/tests/budget/_enrich_folder.sh"
