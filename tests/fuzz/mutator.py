"""The fuzzer for where atheris has no wheel: small, in plain Python, guided by new lines.

Each line of wsinspect reports once, through ``sys.monitoring`` (PEP 669); an input that makes a
line report joins the corpus. Edges and comparisons, which atheris sees, are not seen.
"""

import random
import sys
import time
from pathlib import Path
from types import CodeType

import wsinspect
from tests.fuzz.finding import Target

_PACKAGE = str(Path(next(iter(wsinspect.__path__))))
_INTERESTING = (0, 1, 7, 8, 0x7D, 0x7E, 0x7F, 0x80, 0xC2, 0xED, 0xF4, 0xFE, 0xFF)
_MAX_LEN = 4096


class _Coverage:
    """Counts lines of the package that ran for the first time."""

    def __init__(self) -> None:
        self.lines = 0

    def __enter__(self) -> "_Coverage":
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "wsinspect fuzz")
        monitoring.register_callback(
            monitoring.COVERAGE_ID, monitoring.events.LINE, self._line_runs
        )
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
        return self

    def __exit__(self, *_: object) -> None:
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
        sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)

    def _line_runs(self, code: CodeType, _line: int) -> object:
        self.lines += code.co_filename.startswith(_PACKAGE)
        return sys.monitoring.DISABLE  # a line is news once


def mutated(corpus: list[bytes], chance: random.Random) -> bytes:
    """One of the corpus with a few changes."""
    data = bytearray(chance.choice(corpus))
    for _ in range(1 << chance.randrange(4)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data.insert(place, chance.choice(_INTERESTING))
            case 1:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 2 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 3:
                del data[place : place + chance.randrange(1, 9)]
            case 4:
                other = chance.choice(corpus)
                start = chance.randrange(len(other) + 1)
                data[place:place] = other[start : start + chance.randrange(1, 65)]
            case _:
                data[place:place] = data[place : place + chance.randrange(1, 17)]
    return bytes(data[:_MAX_LEN])


def fuzz(target: Target, corpus: list[bytes], seconds: float, seed: int) -> tuple[int, int]:
    """Run for some seconds: how many inputs ran, and how many joined the corpus.

    Whatever the target raises passes through, with the input noted on it.
    """
    chance = random.Random(seed)
    corpus = list(corpus)
    begun_with = len(corpus)
    runs = 0
    with _Coverage() as coverage:
        ends = time.monotonic() + seconds
        while runs < begun_with or time.monotonic() < ends:
            data = corpus[runs] if runs < begun_with else mutated(corpus, chance)
            lines = coverage.lines
            try:
                target(data)
            except BaseException as error:
                error.add_note(f"input: {data.hex()}")
                raise
            if coverage.lines > lines and runs >= begun_with:
                corpus.append(data)
            runs += 1
    return runs, len(corpus) - begun_with
