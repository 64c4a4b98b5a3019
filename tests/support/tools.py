"""Outside programs that tests drive: finds them, or skips the test and names what is missing.

Where ``WSINSPECT_CI=1`` is set, ``tests/conftest.py`` turns every such skip into a failure.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

NODE_PACKAGES_DIR: Final = Path(__file__).parents[1] / "e2e" / "node" / "node_modules"

# One tool goes by several names.
_PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "node": ("node", "nodejs"),
}

# Servers are often installed where only root's PATH leads.
_MORE_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/bin")


def find_tool(name: str) -> str | None:
    """The absolute path of the program that ``name`` stands for, or None."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_MORE_FOLDERS))
    for program in _PROGRAMS.get(name, (name,)):
        if found := shutil.which(program, path=path):
            return str(Path(found).absolute())
    return None


def require_tool(name: str) -> str:
    """The absolute path of a program; skips the test where it is absent.

    ``name`` is what a person would install: ``nginx``, ``haproxy``, ``chromium``, ``node``,
    ``certutil``, ``tmux``, ``rsvg-convert`` ...
    """
    if found := find_tool(name):
        return found
    pytest.skip(f"needs {name}, which is not installed")


def require_node_package(name: str) -> Path:
    """The folder of an npm package of ``tests/e2e/node``; skips the test where it is absent."""
    folder = NODE_PACKAGES_DIR / name
    if not folder.is_dir():
        pytest.skip(f"needs the npm package {name}: install Node.js and npm, then `make test`")
    return folder
