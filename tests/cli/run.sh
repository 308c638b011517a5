#!/usr/bin/env bash
# Runs one test script in an empty folder of its own and removes the folder afterwards, whatever happens.
# usage: run.sh script.sh      with SCREE (the program) and SCREE_SOURCE_DIR in the environment
#
# The script passes with exit code 0, fails with any other, and is counted as skipped with 77 (it prints a line that says why).
# SCREE_TEST_DATA, where set and present, is a folder of sample files (lidar/ copc/ bad/) that some scripts use.
set -u
script=$(realpath -- "$1")
export SCREE_SOURCE_DIR=${SCREE_SOURCE_DIR:-$(realpath -- "$(dirname -- "$0")/../..")}
export SCREE=${SCREE:?path of the program}
if [ -z "${SCREE_TEST_DATA:-}" ] && [ -d "$SCREE_SOURCE_DIR/../shared/data" ]; then
    SCREE_TEST_DATA=$(realpath -- "$SCREE_SOURCE_DIR/../shared/data")
fi
export SCREE_TEST_DATA=${SCREE_TEST_DATA:-}
unset SOURCE_DATE_EPOCH # builders of packages set it, and the program dates its outputs by it, but not the library

work=$(mktemp -d "${TMPDIR:-/tmp}/scree-test.XXXXXX") || exit 1
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
cd -- "$work" || exit 1
bash -- "$script"
