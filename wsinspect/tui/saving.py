"""Writes what was chosen to a file that only its owner can read. Never over another unasked."""

import os
from pathlib import Path


def trouble_with(name: str) -> str:
    """Why `name` cannot be the file; begins with `?` where it only needs to be asked again."""
    if not name.strip():
        return "a file name is needed"
    path = Path(name).expanduser()
    if path.is_dir():
        return f"{path} is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if path.exists():
        return f"?{path} exists: Enter once more writes over it"
    return ""


def save_text(name: str, text: str) -> Path:
    """Write `text` with mode 0600, also where the file was there. Raises OSError."""
    path = Path(name).expanduser()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        os.fchmod(handle, 0o600)
        file.write(text)
    return path
