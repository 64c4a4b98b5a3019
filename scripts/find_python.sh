#!/bin/sh
# Prints the Python that the virtual environment is to be made with.
# usage: find_python.sh [PYTHON]    (a PYTHON that is named is the only one tried)
#
# Every candidate is run, not only looked up: a pyenv shim exists for each installed version and fails where that
# version is not selected. Without a good one, prints one line that begins with "!", and the Makefile stops with it.
set -u
wanted=$(cat .python-version 2>/dev/null || echo 3.13)
too_old=

# Sets `found` to the real path behind $1, if it runs and is new enough.
try() {
    found=
    answer=$("$1" -c 'import sys; print("%d.%d.%d %s" % (sys.version_info[:3] + (sys.executable,)))' 2>/dev/null) || return 1
    version=${answer%% *}
    case $version in
        3.[0-9].* | 3.1[01].* | [012].*) too_old=${too_old:-$version at ${answer#* }}; return 1 ;;
        [0-9]*.[0-9]*) found=${answer#* } ;;
        *) return 1 ;;
    esac
}

if [ -n "${1:-}" ]; then
    if try "$1"; then echo "$found"; else echo "! PYTHON=$1 is ${too_old:-not a Python that runs}: wsinspect needs Python 3.12 or newer."; fi
    exit 0
fi
for candidate in .venv/bin/python "python$wanted" python3.13 python3.12 python3 python; do
    if try "$candidate"; then echo "$found"; exit 0; fi
done
# uv knows more places, and can fetch one.
if command -v uv >/dev/null 2>&1; then
    uv_finds() { candidate=$(uv python find --no-project '>=3.12' 2>/dev/null) && try "$candidate"; }
    if uv_finds || { uv python install --quiet "$wanted" >/dev/null 2>&1 && uv_finds; }; then echo "$found"; exit 0; fi
fi
echo "! wsinspect needs Python 3.12 or newer, and found ${too_old:-none}. Install one (pyenv install $wanted, apt install python3, brew install python@$wanted) or name it: make PYTHON=/path/to/python3"
