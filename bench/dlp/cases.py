"""What is asked of a scanner: cases of one or more messages, and the seeds they come from.

Owns: splits and seeds, the shape of a case and the line that asks about it. Must not know: how
cases are made, who answers.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

__all__ = ["SEEDS", "SPLITS", "TO_CLIENT", "TO_SERVER", "Case", "Line", "Split", "rng", "single"]

Split = Literal["train", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)

SEEDS: Final[dict[Split, int]] = {"train": 20261101, "test": 771204531}

TO_SERVER: Final = "to_server"
TO_CLIENT: Final = "to_client"


def rng(split: Split, *names: object, seed: int | None = None) -> random.Random:
    """A generator of its own for each part of a corpus: a change in one moves no other.

    ``seed`` stands for the split's own one where somebody wants to see other data.
    """
    start = SEEDS[split] if seed is None else seed
    return random.Random("/".join([split, str(start), *map(str, names)]))


@dataclass(frozen=True, slots=True)
class Line:
    """One message: text is ``str``, binary ``bytes``."""

    payload: str | bytes = field(repr=False)
    connection: str = ""
    direction: str = TO_SERVER

    def as_json(self) -> dict[str, str]:
        """The input line of ``rules scan``."""
        if isinstance(self.payload, str):
            line = {"text": self.payload}
        else:
            line = {"base64": base64.b64encode(self.payload).decode()}
        if self.connection:
            line["connection"] = self.connection
        if self.direction != TO_SERVER:
            line["direction"] = self.direction
        return line


@dataclass(frozen=True, slots=True)
class Case:
    """Messages, and what should be found in at least one of them.

    ``detector``: who should find something, or, in a negative case, what it imitates.
    ``group``: the row of the breakdown it counts in. ``secret``: what was hidden, for the reader
    of the misses (all of it is made up).
    """

    group: str
    lines: tuple[Line, ...]
    detector: str
    positive: bool = True
    secret: str = field(default="", repr=False)


def single(
    group: str, payload: str | bytes, detector: str, *, positive: bool = True, secret: str = ""
) -> Case:
    """A case of one message."""
    return Case(group, (Line(payload),), detector, positive, secret)


def positives(cases: Sequence[Case]) -> list[Case]:
    """Only those with something to find."""
    return [case for case in cases if case.positive]
