"""Write wsinspect/tui/draw/steady.py: the characters that all terminals count alike.

They are those that Unicode 12.1 has (perl's Present_In) and whose width is the same in each of
rich's tables from 12.1 on and in this C library's wcwidth. Controls, formatting, surrogates,
private use and blanks are left out: `safe` replaces them anyway. So are spacing marks, which are
cells of their own in some terminals whatever the tables say, and halves of flags, which are one
cell, two or a flag's half. Needs perl and a UTF-8 locale.
"""

import ctypes
import locale
import os
import subprocess
import textwrap
import unicodedata
from pathlib import Path

from rich._unicode_data._versions import VERSIONS
from rich.cells import get_character_cell_size

TARGET = Path(__file__).parents[1] / "wsinspect" / "tui" / "draw" / "steady.py"
OLDEST = "12.1"  # glibc 2.31 (2020) knows it
UNWANTED = frozenset({"Zs", "Zl", "Zp", "Mc"})
FLAGS = range(0x1F1E6, 0x1F200)
PERL = 'for (0x20..0x10ffff) { print "$_\n" if chr($_) =~ /\\p{Present_In: %s}/ }'
NAMES = {0: "MARKS", 1: "NARROW", 2: "WIDE"}
HEAD = '''\
"""Characters by width, where all terminals agree on it. Data, made by scripts/steady_widths.py.

In Unicode {oldest}, and of one width in rich's tables for {first} to {last} and in {libc}.
Inclusive ranges of code points in hexadecimal.
"""

OLDEST = "{oldest}"
'''


def versions() -> list[str]:
    known = list(VERSIONS)
    return known[known.index(f"{OLDEST}.0") :]


def present() -> list[int]:
    program = PERL % OLDEST
    told = subprocess.run(["perl", "-e", program], check=True, capture_output=True, text=True)
    return [int(line) for line in told.stdout.split()]


def steady_width(code_point: int) -> int | None:
    char = chr(code_point)
    category = unicodedata.category(char)
    unwanted = category[0] == "C" or category in UNWANTED or code_point in FLAGS
    if unwanted and char != " ":
        return None
    widths = {get_character_cell_size(char, version) for version in versions()}
    widths.add(ctypes.CDLL(None).wcwidth(code_point))
    return widths.pop() if len(widths) == 1 else None


def ranges(code_points: list[int]) -> str:
    found: list[list[int]] = []
    for code_point in code_points:
        if found and code_point == found[-1][1] + 1:
            found[-1][1] = code_point
        else:
            found.append([code_point, code_point])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in found)


def main() -> None:
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    by_width: dict[int, list[int]] = {width: [] for width in NAMES}
    for code_point in present():
        width = steady_width(code_point)
        if width is not None:
            by_width[width].append(code_point)
    libc = os.confstr("CS_GNU_LIBC_VERSION") or "this C library"
    parts = [HEAD.format(oldest=OLDEST, first=versions()[0], last=versions()[-1], libc=libc)]
    for width, name in NAMES.items():
        lines = "\n".join(textwrap.wrap(ranges(by_width[width]), 96))
        parts.append(f'{name} = """\n{lines}\n"""\n')
    TARGET.write_text("".join(parts))


if __name__ == "__main__":
    main()
