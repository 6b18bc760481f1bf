#!/bin/sh
# Runs tools/setup.py: with the environment's own Python where there is one, else with the best that is found.
#
#   VENV=.venv PYTHON= tools/setup.sh test
set -u

tools=$(dirname "$0")
python=${VENV:-.venv}/bin/python
if [ -n "${PYTHON:-}" ] || ! "$python" -c '' 2>/dev/null; then
    python=$(sh "$tools/find_python.sh") || exit 1
fi
exec "$python" "$tools/setup.py" --venv "${VENV:-.venv}" ${PYTHON:+--strict} "$@"
