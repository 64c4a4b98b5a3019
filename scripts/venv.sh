#!/bin/sh
# Makes .venv/ if it is missing or broken and installs a lock file and this project into it.
# usage: venv.sh PYTHON LOCK    PYTHON is what find_python.sh printed; LOCK is a requirements file with hashes
#
# uv does the work where it is present; pip alone is enough. The project goes in as an editable install, built with
# the backend from the lock (no build isolation), so that nothing comes from outside the lock.
set -eu
python=$1
lock=$2
here=$(pwd)

if [ "$python" != "$here/.venv/bin/python" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    echo "Making .venv/ with $("$python" --version) ($python)"
    # Some distributions leave ensurepip out: then the outer pip installs into a bare environment.
    "$python" -m venv --clear .venv >/dev/null 2>&1 || "$python" -m venv --clear --without-pip .venv
fi

install() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python "$@" && return
        echo "uv did not manage; pip tries" >&2
    fi
    if .venv/bin/python -c 'import pip' 2>/dev/null; then
        .venv/bin/python -m pip --disable-pip-version-check install -qq "$@"
    else
        "$python" -m pip --disable-pip-version-check --python .venv/bin/python install -qq "$@"
    fi
}
echo "Installing $lock into .venv/ (once; takes a minute)"
install --require-hashes -r "$lock"
install --no-deps --no-build-isolation -e .
