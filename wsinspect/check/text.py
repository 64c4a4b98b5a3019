"""A report for people: one screen, colour where there is a terminal.

Owns: its lines. Must not know: how anything was found out.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import Final

from wsinspect.check.model import Report, printable

__all__ = ["render"]

_COLOURS: Final = {"good": "\x1b[32m", "bad": "\x1b[31m"}
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_INDENT = 15


def render(report: Report, *, colour: bool) -> str:
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    lines = [f"{report.url.partition('?')[0]}"]
    for check in report.checks:
        mark = {"good": "✓", "bad": "✗"}[check.verdict]
        head = f"  {mark} {check.name:<10}"
        if colour:
            head = f"{_COLOURS[check.verdict]}{head}{_PLAIN}"
        said = textwrap.wrap(printable(check.say), width - _INDENT) or [""]
        lines.append(f"{head} {said[0]}")
        lines += [" " * (_INDENT - 1) + line for line in said[1:]]
    verdict = report.verdict
    lines.append(f"{_BOLD}{_COLOURS[verdict]}{verdict}{_PLAIN}" if colour else verdict)
    return "\n".join(lines)
