"""Shannon entropy, and words that are too random to be words.

Owns: bits a character, and the pattern that asks for them. Must not know: engines, rules.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from wsinspect.rules.detect.pattern import Context, Pattern

__all__ = ["entropy_pattern", "shannon"]

# Of counts up to these: c * log2(c), log2(c). Most secrets are short.
_TABLE_LEN: Final = 256
_TABLE: Final = (0.0, *(count * math.log2(count) for count in range(1, _TABLE_LEN)))
_LOG2: Final = (0.0, *(math.log2(count) for count in range(1, _TABLE_LEN)))
LONGEST_TOKEN: Final = 1000  # RE2's largest count, too
_TOKEN: Final = "A-Za-z0-9+/=_.~-"


def shannon(text: bytes | str) -> float:
    """Bits a character: 0 for one character over and over, 8 at most for bytes.

    Bytes are taken as UTF-8 where they are UTF-8.
    """
    if not text:
        return 0.0
    if isinstance(text, bytes) and not text.isascii():
        try:
            text = text.decode()
        except UnicodeDecodeError:
            pass  # binary: its bytes are its characters
    length = len(text)
    if length < _TABLE_LEN:
        count: Callable[[Any], int] = text.count
        total = sum([_TABLE[count(one)] for one in dict.fromkeys(text)])
        return _LOG2[length] - total / length
    counts = Counter(text).values()
    return math.log2(length) - sum(count * math.log2(count) for count in counts) / length


def entropy_pattern(id: str, least_bits: float, least_len: int) -> Pattern:  # noqa: A002
    """Tokens of at least ``least_len`` characters with ``least_bits`` or more a character.

    A token is a whole run of letters, digits and ``+/=_.~-``. One of more than 1,000 characters is
    data (an image in base64) and no token.

    Raises:
        ValueError: numbers that mean nothing.
    """
    if not 1 <= least_len <= LONGEST_TOKEN:
        raise ValueError(f"the least length is between 1 and {LONGEST_TOKEN}")
    if not 0 <= least_bits <= 8:
        raise ValueError("the bits of a character are between 0 and 8")

    def random_enough(context: Context) -> bool:
        secret = context.secret
        return len(secret) <= LONGEST_TOKEN and shannon(secret) >= least_bits

    return Pattern(
        id=id,
        # With what ends it: else each of its characters would end a match.
        regex=rf"([{_TOKEN}]{{{least_len},}})(?:[^{_TOKEN}]|\z)",
        check=random_enough,
        max_len=LONGEST_TOKEN + 4,
        say="high-entropy token",
    )
