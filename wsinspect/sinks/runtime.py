"""Where the sockets of a user's proxies are, and which of them somebody answers.

Owns: the runtime directory (mode 0700, its owner's own). Must not know: what is said there.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import tempfile
from pathlib import Path

__all__ = ["running_sockets", "runtime_dir", "somebody_listens"]


def runtime_dir() -> Path:
    """Where the sockets of this user's proxies are; made with mode 0700. Raises OSError."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        path = Path(base) / "wsinspect"
    else:
        path = Path(tempfile.gettempdir()) / f"wsinspect-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()  # in a folder that all may write to, it may be anybody's link
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a directory of this user's own")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path


def running_sockets() -> list[Path]:
    """The sockets of proxies that live; those of dead ones are removed."""
    found = []
    for path in sorted(runtime_dir().glob("*.sock")):
        if somebody_listens(path):
            found.append(path)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return found


def somebody_listens(path: Path) -> bool:
    """Whether a proxy answers there. One that is too busy to take us counts."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True
