"""Compiled databases kept in a directory, so that the next start need not compile.

Owns: names, rights and the atomic write. Must not know: what is in a file.

A database is machine code's next of kin: whoever can write one can run code here. So a directory
or file that another user owns or may write to is not used, nor is a link. Everything that goes
wrong means no more than compiling anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["Cache"]

_FORMAT: Final = b"wsinspect-db-2\n"  # a change of what superset.py writes needs another
_DIGEST_LEN: Final = 32
_MOST_FILES: Final = 16
_MOST_BYTES: Final = 512 * 1024 * 1024
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_SUFFIX: Final = ".hsdb"


class Cache:
    """A directory (0700) of files (0600)."""

    __slots__ = ("_directory",)

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @staticmethod
    def key(parts: Iterable[str]) -> str:
        """A name for what is made of ``parts`` on this machine."""
        digest = hashlib.sha256(_FORMAT)
        for part in (sys.platform, platform.machine(), *parts):
            encoded = part.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return digest.hexdigest()

    def load(self, key: str) -> bytes | None:
        """What was saved under ``key``, if it is whole and nobody else can have written it."""
        path = self._directory / (key + _SUFFIX)
        try:
            if not _is_ours(os.lstat(self._directory), stat.S_ISDIR):
                return None
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with open(handle, "rb") as file:  # noqa: PTH123 - it is a descriptor
                found = os.fstat(handle)
                if not _is_ours(found, stat.S_ISREG) or found.st_size > _MOST_BYTES:
                    return None
                data = file.read()
        except OSError:
            return None
        head = len(_FORMAT) + _DIGEST_LEN
        body = data[head:]
        if data[:head] != _FORMAT + hashlib.sha256(body).digest():
            return None
        with suppress(OSError):
            os.utime(path)  # the oldest are thrown away first
        return body

    def save(self, key: str, body: bytes) -> None:
        """Keep ``body``; if that cannot be, it is not kept."""
        directory = self._directory
        temporary = None
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(os.lstat(directory), stat.S_ISDIR):
                return
            handle, temporary = tempfile.mkstemp(dir=directory)  # 0600
            with open(handle, "wb") as file:  # noqa: PTH123 - it is a descriptor
                file.write(_FORMAT + hashlib.sha256(body).digest() + body)
            os.replace(temporary, directory / (key + _SUFFIX))  # noqa: PTH105 - both are names
            temporary = None
            self._throw_away()
        except OSError:
            pass
        finally:
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108 - mkstemp gives a name

    def _throw_away(self) -> None:
        """All but the files last used."""
        files = [(path.stat().st_mtime_ns, path) for path in self._directory.glob("*" + _SUFFIX)]
        for _, path in sorted(files, reverse=True)[_MOST_FILES:]:
            path.unlink(missing_ok=True)


def _is_ours(found: os.stat_result, is_kind: object) -> bool:
    if not callable(is_kind) or not is_kind(found.st_mode):
        return False
    getuid = getattr(os, "getuid", None)
    if getuid is None:  # Windows: rights are inherited from the profile's directory
        return True
    return bool(found.st_uid == getuid() and not found.st_mode & _OTHERS_WRITE)
