"""Traffic that holds nothing: identifiers, times, prices, hashes, code. No detector finds any."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.rules.detect_builtin.finder import which
from wsinspect.rules.detect.builtin import BUILTIN

SEED = 86_028_121
COUNT = 500

# An address of a machine is no secret: lines with one are not among these.
LINES: Final[tuple[Callable[[random.Random], str], ...]] = (
    lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    lambda rng: hashlib.sha256(rng.randbytes(8)).hexdigest(),
    lambda rng: base64.b64encode(rng.randbytes(120)).decode(),
    lambda rng: f"order #{rng.randrange(10**9, 10**12)} on 2026-{rng.randrange(1, 13):02}-07 16:44",
    lambda rng: f'{{"price":{rng.random() * 60000!r},"ts":17{rng.randrange(10**11):011}}}',
    lambda rng: f'{{"lat":{rng.uniform(-90, 90):.13f},"lon":{rng.uniform(-180, 180):.13f}}}',
    lambda rng: f"v{rng.randrange(9)}.{rng.randrange(30)}.1 build {rng.randrange(10**6)}",
    lambda rng: str([rng.randrange(-999, 999) for _ in range(30)]),
    lambda rng: f"id={rng.randrange(10**17, 10**18)} EUR 123.456.{rng.randrange(100, 999)},00",
    lambda rng: f"2026-11-22T16:00:07Z INFO [17] GET /v1/items/{rng.randrange(10**8)}",
    lambda rng: f"for (int i = 0; i < 10; i++) std::cout << a[i] << 0x{rng.getrandbits(32):08x};",
    lambda rng: f"at {rng.randrange(1, 12)} in {rng.randrange(999)} - {rng.randrange(1000, 9999)}",
    lambda rng: " ".join(str(rng.randrange(10)) for _ in range(81)),
    lambda rng: "1Z" + "".join(rng.choices(string.ascii_uppercase + string.digits, k=16)),
)  # fmt: skip


def test_nothing_in_benign_lines() -> None:
    print(f"seed {SEED}")  # noqa: T201  # shown where a test fails
    rng, found = random.Random(SEED), Counter[str]()
    for index in range(COUNT):
        found.update(which(LINES[index % len(LINES)](rng)))
    assert len(BUILTIN) >= 50
    assert found == Counter()
