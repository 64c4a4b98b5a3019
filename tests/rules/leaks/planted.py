"""Secrets to plant, and a search for them in whatever was written, in any form.

Owns: making them (from a seed), the forms that they could be written in, the search. Shares no
code with wsinspect.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gzip
import json
import random
import re
import string
import urllib.parse
from collections.abc import Iterable, Sequence

HALF_LEN = 9  # characters: of a longer secret so much is a leak already
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_HEX_RUN = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_BASE64 = bytes.maketrans(b"-_", b"+/")
_SYLLABLES = ["zor", "blax", "quil", "vex", "thra", "mund", "gwy", "pliv", "drosk", "yump"]


@dataclasses.dataclass(frozen=True)
class Secret:
    """``kind``: what kind of rule sees it."""

    kind: str
    text: str = dataclasses.field(repr=False)


def make_secrets(rng: random.Random, each: int) -> list[Secret]:
    """``each`` of every kind."""
    makers = {"card": _card, "key": _key, "password": _password, "word": _word, "exact": _exact}
    return [Secret(kind, make(rng)) for kind, make in makers.items() for _ in range(each)]


def _card(rng: random.Random) -> str:
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        twice = digit * 2 if place % 2 == 0 else digit
        total += twice - 9 if twice > 9 else twice
    text = "".join(map(str, [*digits, -total % 10]))
    return text if rng.random() < 0.5 else " ".join(text[i : i + 4] for i in range(0, 16, 4))


def _key(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return "AKIA" + "".join(rng.choices(string.ascii_uppercase + "234567", k=16))
    return "ghp_" + "".join(rng.choices(string.ascii_letters + string.digits, k=36))


def _password(rng: random.Random) -> str:
    letters = "".join(rng.choices(string.ascii_letters + string.digits, k=10))
    return (
        letters[:4] + rng.choice("#!$") + letters[4:7] + rng.choice('"\\é') + letters[7:] + "!Q9x"
    )


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(_SYLLABLES, k=4)).capitalize() + "ium"


def _exact(rng: random.Random) -> str:
    return f"{_word(rng)} {rng.randrange(10**5, 10**6)}"


def forms(secret: Secret) -> set[bytes]:
    """How a leak of it would look."""
    text = secret.text
    raw = text.encode()
    found = {
        raw,
        json.dumps(text)[1:-1].encode(),
        json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        "".join(f"\\u{ord(char):04x}" for char in text).encode(),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        urllib.parse.quote(text).encode(),
        urllib.parse.quote_plus(text).encode(),
        "".join(f"%{byte:02X}" for byte in raw).encode(),
        "".join(f"%{byte:02x}" for byte in raw).encode(),
        "".join(f"&#{ord(char)};" for char in text).encode(),
        repr(raw)[2:-1].encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        *_aligned(raw),
    }
    if secret.kind == "card":
        found |= {text.replace(" ", "").encode(), text.replace(" ", "-").encode()}
    if secret.kind in ("card", "key", "password"):
        found |= {text[:HALF_LEN].encode(), text[-HALF_LEN:].encode()}
    return found


def _aligned(raw: bytes) -> set[bytes]:
    """The middle of its base64, wherever in a longer text it begins."""
    cores = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        core = encoded[4 if shift else 0 : -1]
        cores |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return {core for core in cores if len(core) > 10}


class Search:
    """Looks for all of them at once."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self.forms = {form: secret for secret in secrets for form in forms(secret)}

    def __call__(self, written: bytes) -> list[str]:
        """What was found, in words that show where: for the one who reads the failing test."""
        blobs = [written]
        for _ in range(3):  # encodings within encodings
            blobs.append(_decoded(blobs[-1]))
        told = []
        for depth, blob in enumerate(blobs):
            for form, secret in self.forms.items():
                at = blob.find(form)
                if at >= 0:
                    around = blob[max(0, at - 200) : at + 120]
                    told.append(f"{secret.kind} {secret.text!r}, decoded {depth} times: {around!r}")
        return told


def _decoded(blob: bytes) -> bytes:
    parts: list[bytes] = []
    for run in _RUN.findall(blob):
        with contextlib.suppress(ValueError):
            data = run[: len(run) - (len(run) % 4 == 1)].translate(_BASE64)
            parts.append(_inflated(base64.b64decode(data + b"=" * (-len(data) % 4))))
    parts += [bytes.fromhex(run.decode()) for run in _HEX_RUN.findall(blob)]
    return b"\n".join(parts)


def _inflated(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, EOFError, ValueError):
            return gzip.decompress(data)
    return data


def of_kind(secrets: Sequence[Secret], *kinds: str) -> list[Secret]:
    return [secret for secret in secrets if secret.kind in kinds]
