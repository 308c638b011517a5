#!/usr/bin/env bash
# All sample files from LAS or LAZ to LAS, to LAZ, and back, as query_files.sh has it.
set -u
. "$SCREE_SOURCE_DIR/tests/oracle/_query_files.sh"
query_files 1000000000
