"""A line to the person who waits, if compiling takes a while.

Owns: the one line and when it comes. Must not know: what is compiled.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["patience"]

_AFTER_S = 1.0
_SAY = "wsinspect: compiling the rules' patterns; the next start finds them ready …\n"


@contextmanager
def patience() -> Iterator[None]:
    """Around what may take long. The line goes to stderr, after a second."""
    timer = threading.Timer(_AFTER_S, lambda: sys.stderr.write(_SAY))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
