"""Texts for the packs' tests: what a regex matches, and messages that hold no secret. Seeded."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Iterator

from wsinspect.rules.detect.pattern import Pattern
from wsinspect.rules.detect.regex_shape import Node, parse_regex

_MORE = 12  # repeats above the least number


def text_for(regex: str, rng: random.Random) -> str:
    """A text that the regex was written for; boundaries and edges are not looked at."""
    return "".join(_pieces(parse_regex(regex), rng))


def _pieces(node: Node, rng: random.Random) -> Iterator[str]:
    if node.kind == "chars":
        yield _char(node.ranges, rng)
    elif node.kind == "choice":
        yield from _pieces(rng.choice(node.items), rng)
    elif node.kind == "repeat":
        most = node.least + _MORE if node.most is None else min(node.most, node.least + _MORE)
        for _ in range(rng.randint(node.least, most)):
            yield from _pieces(node.items[0], rng)
    else:
        for item in node.items:
            yield from _pieces(item, rng)


def _char(ranges: tuple[tuple[int, int], ...], rng: random.Random) -> str:
    printable = [(max(low, 32), min(high, 126)) for low, high in ranges]
    printable = [(low, high) for low, high in printable if low <= high] or list(ranges)
    sizes = [high - low + 1 for low, high in printable]
    low, high = rng.choices(printable, sizes)[0]
    return chr(rng.randint(low, high))


def positive_for(pattern: Pattern, rng: random.Random) -> str:
    """A text for the pattern, with one of its keywords in it."""
    text = text_for(pattern.regex, rng)
    if pattern.keywords and not any(word in text.lower() for word in pattern.keywords):
        text = f"{rng.choice(pattern.keywords)} {text}"
    return text


_TEXT = (
    "hello thanks the meeting is at noon please look into ticket order number price update user "
    "joined left room game score level secret santa token ring key board password policy author "
    "authorization api documentation access road credential check stripe pattern slack time square "
    "root discord twilight heroku vercel linear algebra notion figma okay sentry box datadog snack "
    "zoom call asana yoga intercom button cloudflare outage shopify store coinbase news"
)
WORDS = _TEXT.split()


def benign(rng: random.Random, count: int) -> list[str]:
    """Messages as applications send them, without a secret."""
    kinds = (_chat, _delta, _tick, _telemetry, _log, _ids, _image, _code, _presence)
    return [kinds[number % len(kinds)](rng) for number in range(count)]


def _say(rng: random.Random, count: int = 12) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(2, count)))


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _hex(rng: random.Random, count: int) -> str:
    return rng.randbytes(count).hex()


def _chat(rng: random.Random) -> str:
    return json.dumps(
        {"type": "message", "id": _uuid(rng), "room": _say(rng, 3), "text": _say(rng, 40)}
    )


def _delta(rng: random.Random) -> str:
    return json.dumps(
        {
            "id": f"chatcmpl-{_hex(rng, 12)}",
            "choices": [{"index": 0, "delta": {"content": _say(rng, 3)}, "finish_reason": None}],
        }
    )


def _tick(rng: random.Random) -> str:
    price = f"{rng.uniform(1, 99999):.2f}"
    return json.dumps({"e": "trade", "s": "BTCUSDT", "p": price, "t": rng.getrandbits(40)})


def _telemetry(rng: random.Random) -> str:
    return ",".join(f"{rng.gauss(20, 5):.4f}" for _ in range(60))


def _log(rng: random.Random) -> str:
    day, took = rng.randint(1, 30), rng.randint(1, 999)
    return f"2026-11-{day:02}T12:00:00Z INFO [{_hex(rng, 4)}] {_say(rng)} took {took} ms"


def _ids(rng: random.Random) -> str:
    digests = {"etag": _hex(rng, 16), "sha1": _hex(rng, 20), "sha256": _hex(rng, 32)}
    return json.dumps({**digests, "trace_id": _hex(rng, 16), "user_id": _uuid(rng), "v": "1.12.3"})


def _image(rng: random.Random) -> str:
    body = b"\x89PNG\r\n" + bytes(200) + rng.randbytes(900) + bytes(40) + b"\xff" * 60
    return json.dumps({"image": "data:image/png;base64," + base64.b64encode(body).decode()})


def _code(rng: random.Random) -> str:
    name = rng.choice(WORDS)
    got = f"await get{name.title()}(process.env.{name.upper()}_API_KEY)"
    return f"const {name}Token = {got};\n// {_say(rng)}"


def _presence(rng: random.Random) -> str:
    user = f"{rng.choice(WORDS)}{rng.randint(1, 999)}"
    return '42["presence",' + json.dumps({"user": user, "session": _uuid(rng)}) + "]"
