"""``rules exact``: a file of keyed hashes from a list of values, for ``find: {exact: …}``.

Owns: reading the values, writing the file for its owner alone. Must not know: how it is searched.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from wsinspect.rules.actions.forms import KeyMissing, resolve_key
from wsinspect.rules.detect.exact import make_exact
from wsinspect.rules.tools.loading import BROKEN, GOOD

__all__ = ["run_exact"]


def run_exact(values: TextIO, key: str, target: Path, out: TextIO, err: TextIO) -> int:
    """A value a line. 0 written; 2 not: no key, a value that cannot be used, no such place."""
    lines = [line.rstrip("\r\n") for line in values]
    try:
        content = make_exact([line for line in lines if line.strip()], resolve_key(key))
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except (KeyMissing, ValueError) as error:
        err.write(f"wsinspect: {error}\n")
        return BROKEN
    except OSError as error:
        err.write(f"wsinspect: {target}: {error.strerror}\n")
        return BROKEN
    out.write(f"{target}: {sum(1 for line in lines if line.strip())} values\n")
    return GOOD
