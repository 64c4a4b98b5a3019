"""Where compiled pattern databases are kept between runs.

Owns: the place (XDG base directories). Must not know: what is in it.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_dir"]


def cache_dir() -> Path | None:
    """None where there is no home: then nothing is kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "wsinspect"
    try:
        return Path.home() / ".cache" / "wsinspect"
    except RuntimeError:
        return None
