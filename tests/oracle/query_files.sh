#!/usr/bin/env bash
# Sample files of every version and format, those up to 100 kB, from LAS or LAZ to LAS, to LAZ, and back: an independent decoder finds the
# same records, header and VLRs. The larger ones: slow_query_files.sh.
set -u
. "$SCREE_SOURCE_DIR/tests/oracle/_query_files.sh"
query_files 100000
