#!/bin/sh
# Prints the path of a Python that arbcore can live in; fails with advice where there is none.
#
#   find_python.sh          the newest tested Python on PATH (or PYTHON, if set), else a newer one
#   find_python.sh 3.12     that version alone; also looks where pyenv and uv keep theirs
#
# Every candidate is run before it is believed: a version manager may leave a `python3.13` on PATH that only
# prints an error.
set -u

wanted=${1:-}

# version FILE: prints "3.12" if FILE is a Python that runs, else nothing.
version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# show FILE: prints the Python itself, not the wrapper that a version manager puts on PATH.
show() {
    "$1" -c 'import sys; print(sys.executable)'
}

# rank VERSION: a number to compare by, 0 if not usable. Tested versions go before newer, untested ones.
rank() {
    case $1 in
        3.11 | 3.12 | 3.13) echo "$((200 + ${1#3.}))" ;;
        3.1[4-9] | 3.[2-9][0-9]) echo "$((100 + ${1#3.}))" ;;
        *) echo 0 ;;
    esac
}

# consider FILE: keeps it in `best` if it is better than what was found so far.
best='' best_rank=0
consider() {
    [ -f "$1" ] && [ -x "$1" ] || return 0
    found=$(version "$1")
    if [ -n "$wanted" ] && [ "$found" != "$wanted" ]; then return 0; fi
    found_rank=$(rank "$found")
    if [ "$found_rank" -gt "$best_rank" ]; then best=$1 best_rank=$found_rank; fi
}

if [ -n "${PYTHON:-}" ] && [ -z "$wanted" ]; then
    chosen=$(command -v "$PYTHON")
    found=$([ -n "$chosen" ] && version "$chosen")
    if [ "$(rank "$found")" -gt 0 ]; then show "$chosen" && exit 0; fi
    echo "PYTHON=$PYTHON: ${found:+it is Python $found, and }arbcore needs a Python 3.11 or later that runs." >&2
    exit 1
fi

# One folder of PATH a turn; an empty entry is the current folder and is left out.
rest=$PATH:
while [ -n "$rest" ]; do
    folder=${rest%%:*} rest=${rest#*:}
    [ -n "$folder" ] || continue
    for name in python3.13 python3.12 python3.11 "python${wanted:-3}" python python3.14 python3.15; do
        consider "$folder/$name"
    done
done
if [ -n "$wanted" ] && [ -z "$best" ]; then
    for file in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"python$wanted" \
        "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/*/bin/"python$wanted"; do
        consider "$file"
    done
fi

if [ -n "$best" ]; then show "$best" && exit 0; fi
if [ -n "$wanted" ]; then
    echo "no Python $wanted here" >&2
else
    echo "arbcore needs Python 3.11, 3.12 or 3.13, and none on PATH runs. Install one (Debian, Ubuntu:" >&2
    echo "'apt install python3 python3-venv'; macOS: 'brew install python@3.13'), or name it: make PYTHON=/path/to/python" >&2
fi
exit 1
