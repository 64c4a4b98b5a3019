"""Small files that several dashboards of one user write. Owns lock, atomic writing, setting aside.

Who writes reads first, under the lock, and changes only what it means to change: what another
dashboard wrote in between stays. Reading needs no lock, as files are put in place as a whole. All
of them are 0600. Knows nothing of what is in them.
"""

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LOCK_NAME = ".lock"  # one for all files of a folder; it stays: a lock that is deleted locks nothing
_PATIENCE_S = 1.0  # writing takes milliseconds; a dashboard that was stopped meanwhile may hold it
_RETRY_S = 0.01
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # some network file systems


class TooLarge(ValueError):
    """Nothing that a dashboard has written."""


def read(path: Path, len_max: int) -> bytes:
    """What is there. Raises OSError, TooLarge."""
    with path.open("rb") as file:
        data = file.read(len_max + 1)
    if len(data) > len_max:
        raise TooLarge(f"it has more than {len_max >> 10} KiB")
    return data


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other dashboard writes beside `path` meanwhile. Makes the folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path.parent / LOCK_NAME, flags, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # and the lock with it


def _lock(descriptor: int) -> None:
    limit = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > limit:
                say = f"another dashboard holds {LOCK_NAME}"
                raise TimeoutError(errno.ETIMEDOUT, say) from None
            time.sleep(_RETRY_S)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return
            raise


def replace(path: Path, data: bytes) -> None:
    """Put `data` there as a whole or not at all, for the user alone. Raises OSError."""
    # mkstemp gives 0600 from the beginning
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def set_aside(path: Path) -> Path:
    """Keep what cannot be understood as `<name>.bad`; where it is now. Raises OSError."""
    bad = path.with_name(f"{path.name}.bad")
    path.replace(bad)
    return bad
