"""What the lab's people and machines say: made up, but shaped like the real thing.

Pure functions of a random generator. No real names, keys or addresses; the card number is the
one that everybody uses in examples.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

PEOPLE = (
    "mia", "noah", "aylin", "jonas", "sofia", "kenji", "lea", "omar",
    "ines", "pavel", "greta", "tomasz", "zoë", "björn",
)  # fmt: skip
LINES = (
    "did anyone see the second half?",
    "that was never a penalty",
    "brb, coffee ☕",
    "Grüße aus Köln 👋",
    "the build is green again",
    "can you share the screenshot?",
    "お疲れさまです",
    "who is on call tonight?",
    "I'll open an issue for that",
    "+1",
    "works on my machine 🤷",
    "moving the stand-up to 10:15, fine for everybody?",
    "see you tomorrow",
)
CARELESS = (
    "book it on my card, 4111 1111 1111 1111",
    "write to me at kim@club.example.org",
)
"""What people should not put into a chat, and do."""
MATCHES = ("Ajax – PSV", "Celtic – Hearts", "Brann – Molde", "Porto – Braga")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def chat_line(rng: random.Random, person: str, room: str, number: int) -> str:
    """One chat message as JSON text."""
    text = rng.choice(LINES if rng.random() > 0.12 else CARELESS)
    if rng.random() < 0.15:
        text = " ".join(rng.choice(LINES) for _ in range(rng.randint(3, 9)))
    return _json({"type": "say", "room": room, "from": person, "id": number, "text": text})


def chat_event(kind: str, person: str, room: str, people: int) -> str:
    """Somebody came or left."""
    return _json({"type": kind, "room": room, "who": person, "people": people})


def odds(rng: random.Random, number: int) -> str:
    """One price change of the odds feed as JSON text."""
    price = {side: round(rng.uniform(1.05, 9.5), 2) for side in ("home", "draw", "away")}
    return _json({"type": "odds", "seq": number, "match": rng.choice(MATCHES), "price": price})


def goal(rng: random.Random, number: int) -> str:
    """What starts a burst on the odds feed."""
    match = rng.choice(MATCHES)
    return _json({"type": "goal", "seq": number, "match": match, "minute": rng.randint(1, 90)})


def telemetry(rng: random.Random, device: str, number: int) -> str:
    """A device's report; repetitive, so that permessage-deflate has something to do."""
    samples = [
        {
            "sensor": f"axle-{axle}",
            "temperature_c": round(rng.gauss(54, 6), 1),
            "pressure_kpa": round(rng.gauss(830, 12)),
            "ok": rng.random() > 0.02,
        }
        for axle in range(1, 7)
    ]
    return _json({"device": device, "report": number, "samples": samples})


def job_progress(number: int, percent: int) -> str:
    """A worker's progress as JSON text."""
    return _json({"type": "progress", "job": f"render-{number:04d}", "percent": percent})


def notification(rng: random.Random, number: int) -> str:
    """A rare push message."""
    return _json({"type": "notice", "id": number, "title": rng.choice(LINES)})


def image_fragments(rng: random.Random, size: int, fragment_size: int) -> Iterator[bytes]:
    """A picture's bytes (a PNG signature, then noise), cut for one fragmented message."""
    data = b"\x89PNG\r\n\x1a\n" + rng.randbytes(size - 8)
    for start in range(0, size, fragment_size):
        yield data[start : start + fragment_size]


def order_book(rng: random.Random, size: int) -> bytes:
    """A binary snapshot, `size` bytes, big enough to fill buffers at a slow consumer."""
    return rng.randbytes(64) * (size // 64)
