# Part of the other scripts, sourced after ../cli/_cli.sh: $python is a Python with NumPy, PYTHONPATH and SCREE_LIBRARY are set.
python=
for candidate in "${PYTHON3:-python3}" /usr/bin/python3; do
    if "$candidate" -c 'import numpy' 2> /dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "skipped: no Python 3 with NumPy (python3-numpy) is installed"
    [ -z "${SCREE_NO_SKIP:-}" ] || exit 1
    exit 77
fi
export PYTHONPATH=$SCREE_SOURCE_DIR/python:$SCREE_SOURCE_DIR/tests/python PYTHONDONTWRITEBYTECODE=1
# A library with sanitizers has to be loaded before everything else.
if [ -n "${SCREE_SANITIZE:-}" ]; then
    echo "skipped: Python is not built with sanitizers"
    exit 77
fi
