"""What a crash of the process may show: where it happened, nothing of what passed.

Owns: no core dumps, and last-resort hooks that print exceptions without their texts, which may
quote payload. Must not know: what runs in the process.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from types import TracebackType

__all__ = ["keep_secrets", "places"]

_PLACES_SHOWN = 5


def keep_secrets() -> None:
    """For the rest of the process' life."""
    try:
        import resource
    except ImportError:  # no such limits here, and no such dumps
        pass
    else:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.excepthook = lambda kind, _, where: _tell("stopped by", kind, where)
    sys.unraisablehook = lambda told: _tell("passed over", told.exc_type, told.exc_traceback)
    threading.excepthook = lambda told: _tell("a thread ended:", told.exc_type, told.exc_traceback)


def places(where: TracebackType | None) -> str:
    """The last frames of a traceback, a line each."""
    return "".join(
        f"\n  {frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(where)[-_PLACES_SHOWN:]
    )


def _tell(how: str, kind: type[BaseException], where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads stderr
        sys.stderr.write(f"wsinspect: {how} {kind.__name__}{places(where)}\n")
        sys.stderr.flush()
