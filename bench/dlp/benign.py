"""Traffic with nothing to find in it: what WebSockets carry all day.

Owns: the kinds of traffic and their words. Must not know: detectors. No made-up secret, e-mail
address, telephone number, account number or address of a machine is in it; much that looks like
one is: identifiers, digests, versions, times, order numbers, pictures.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import struct
import uuid
import zlib
from collections.abc import Callable
from typing import Any, Final

import msgpack

from bench.dlp.cases import Case, Split, rng, single

__all__ = ["KINDS", "cases"]

Maker = Callable[[random.Random], str | bytes]

_FIRST: Final = """
Ada Amir Bea Bruno Carla Chen Dora Emeka Freja Goran Hana Imani Jonas Kaya Liam Mei Noor Olga Pavel
Quinn Rosa Sven Tariq Uma Vera Wanda Xin Yusuf Zoe
"""
_WORDS: Final = """
the a and but so then maybe please just now later today tomorrow meeting deploy build branch review
ticket customer invoice order shipping delay lunch coffee train release note draft slides budget
report question answer idea bug crash fix restart server page button screen login logout password
token key secret card account number phone address access code credit secure public private update
change remove add send receive open close start stop wait ready done great thanks sorry yes no ok
cool nice weird slow fast big small left right blue green red on off in out up down with without for
from into over under about after before because if when where why how who what which we you they it
is was will would could should can may our your their his her this that these those one two three
four five ten hundred twenty
"""
FIRST: Final = tuple(_FIRST.split())
WORDS: Final = tuple(_WORDS.split())
EMOJI: Final = ("🙂", "👍", "🚀", "❤️", "😅", "🎉", "👨‍👩‍👧", "🇳🇴", "✅", "…")
ABROAD: Final = (
    "Добрый день, когда будет готов отчёт? Я жду с понедельника",
    "今日の会議は三時からに変更になりました。よろしくお願いします。",
    "هل يمكننا تأجيل الاجتماع إلى يوم الخميس القادم؟",
    "Könnten Sie mir bitte die Unterlagen für übermorgen schicken?",
    "¿Puedes revisar el último cambio? Está en la rama de siempre",
    "मुझे लगता है कि कल बारिश होगी, छाता ले आना",
    "Où est passée la clé de la salle de réunion ? Merci d'avance",
    "회의 자료를 업로드했습니다. 확인 부탁드립니다.",
)
CODE: Final = (
    "def total(items):\n    return sum(item.price * item.count for item in items)\n",
    'const token = tokens[index++];\nif (token.type === "string") return token.value;\n',
    "SELECT id, name FROM users WHERE created_at > now() - interval '7 days' LIMIT 100;",
    "for (const [key, value] of Object.entries(options)) {\n  console.log(`${key}=${value}`);\n}\n",
    "git commit -m 'Read the api key from the environment' && git push origin main",
    'password = os.environ["DB_PASSWORD"]\nconnect(user="app", password=password)\n',
    'public static String getAccessKey() { return System.getenv("ACCESS_KEY"); }',
    '<input type="password" name="password" autocomplete="current-password">',
    "$ kubectl get secret app-credentials -o yaml | less\n",
    "import hashlib\nprint(hashlib.sha256(data).hexdigest())\n",
    "SECRET_KEY = config('SECRET_KEY')  # never in the repository\n",
    "api_key: ${API_KEY}\nauth_token: {{ secrets.AUTH_TOKEN }}\n",
    'fn key_for(id: u64) -> String { format!("user:{id}:session") }\n',
)
TICKERS: Final = ("BTC-USD", "ETH-EUR", "AAPL", "MSFT", "EURUSD", "GBPJPY", "XAU", "SOL-USDT")


def _hex(source: random.Random, length: int) -> str:
    return f"{source.getrandbits(4 * length):0{length}x}"


def _uuid(source: random.Random) -> str:
    return str(uuid.UUID(int=source.getrandbits(128), version=4))


def _digits(source: random.Random, length: int) -> str:
    return "".join(source.choices(string.digits, k=length))


def _base62(source: random.Random, length: int) -> str:
    return "".join(source.choices(string.ascii_letters + string.digits, k=length))


def _sentence(source: random.Random) -> str:
    words = source.choices(WORDS, k=source.randint(3, 24))
    text = " ".join(words).capitalize() + source.choice((".", "?", "!", "", " …"))
    return f"{text} {source.choice(EMOJI)}" if source.random() < 0.2 else text


def _time_ms(source: random.Random) -> int:
    return 1_690_000_000_000 + source.randrange(10**11)


def _iso(source: random.Random) -> str:
    day = f"202{source.randint(0, 6)}-{source.randint(1, 12):02d}-{source.randint(1, 28):02d}"
    clock = ":".join(f"{source.randrange(each):02d}" for each in (24, 60, 60))
    return f"{day}T{clock}.{source.randrange(10**6):06d}Z"


def _json(value: Any, source: random.Random) -> str:
    compact = (",", ":") if source.random() < 0.7 else None
    return json.dumps(value, separators=compact, ensure_ascii=source.random() < 0.3)


def chat(source: random.Random) -> str:
    text = source.choice(ABROAD) if source.random() < 0.15 else _sentence(source)
    message = {"id": _uuid(source), "user": source.choice(FIRST), "body": text}
    if source.random() < 0.5:
        message |= {"ts": f"{_time_ms(source) / 1000:.6f}", "room": f"r{source.randrange(9999)}"}
    return _json({"type": "message", "data": message}, source)


def chat_history(source: random.Random) -> str:
    rows = [
        {"id": source.getrandbits(63), "from": source.choice(FIRST), "text": _sentence(source)}
        for _ in range(source.randint(5, 15))
    ]
    return _json({"op": "history", "cursor": _base62(source, 24), "rows": rows}, source)


def model_delta(source: random.Random) -> str:
    delta = {"type": "text_delta", "text": " ".join(source.choices(WORDS, k=source.randint(1, 3)))}
    return _json({"type": "content_block_delta", "index": 0, "delta": delta}, source)


def market(source: random.Random) -> str:
    price = source.uniform(0.01, 70_000)
    tick = {
        "s": source.choice(TICKERS),
        "p": f"{price:.8f}",
        "q": f"{source.uniform(0, 500):.6f}",
        "t": source.randrange(10**10),
        "T": _time_ms(source),
        "b": [[f"{price - step:.2f}", f"{source.random():.5f}"] for step in range(4)],
    }
    return _json(tick, source)


def telemetry(source: random.Random) -> str:
    reading = {
        "device": f"sensor-{_hex(source, 8)}",
        "fw": f"{source.randrange(9)}.{source.randrange(30)}.{source.randrange(200)}",
        "lat": round(source.uniform(-90, 90), 6),
        "lon": round(source.uniform(-180, 180), 6),
        "temp": round(source.gauss(21, 8), 2),
        "uptime_s": source.randrange(10**8),
        "seq": source.getrandbits(40),
    }
    return _json(reading, source)


def game(source: random.Random) -> str:
    players = [
        {
            "id": source.randrange(10**9),
            "x": source.random() * 4096,
            "y": source.random() * 4096,
            "hp": source.randrange(101),
            "k": source.choice(("ArrowLeft", "Space", "KeyW")),
        }
        for _ in range(source.randint(1, 12))
    ]
    return _json({"tick": source.randrange(10**7), "players": players}, source)


def game_binary(source: random.Random) -> bytes:
    state = [source.random() * 100 for _ in range(source.randint(8, 120))]
    return struct.pack(f"<HI{len(state)}f", 7, source.getrandbits(32), *state)


def packed(source: random.Random) -> bytes:
    event = {"t": _time_ms(source), "ev": "move", "to": [source.random(), source.random()]}
    made: bytes = msgpack.packb(event | {"by": source.choice(FIRST), "say": _sentence(source)})
    return made


def log_line(source: random.Random) -> str:
    agent = (
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{source.randint(90, 140)}.0.{source.randint(4000, 7200)}.{source.randint(10, 250)}"
    )
    served = f"status=200 bytes={source.randrange(10**6)} took={source.uniform(0, 900):.3f}ms"
    missed = f"cache miss key=user:{source.randrange(10**8)}:profile etag={_hex(source, 32)}"
    patch = f"3.0.{source.randrange(20)}-1ubuntu0.{source.randrange(9)}"
    return source.choice(
        (
            f"{_iso(source)} INFO w-{source.randrange(64)} request_id={_uuid(source)} {served}",
            f"{_iso(source)} WARN {missed}",
            f"Build {_digits(source, 4)}: {source.choice(FIRST)} pushed {_hex(source, 40)} to main",
            f"sha256:{_hex(source, 64)} pulled in {source.uniform(1, 30):.1f}s",
            f"{agent} Safari/537.36",
            f"upgraded openssl {patch} (was 1.1.1{source.choice('fgklnw')})",
        )
    )


def code(source: random.Random) -> str:
    snippet = source.choice(CODE)
    if source.random() < 0.4:
        return snippet
    position = {"line": source.randrange(900), "character": source.randrange(90)}
    change = {"range": {"start": position, "end": position}, "text": snippet}
    method = "textDocument/didChange"
    return _json({"jsonrpc": "2.0", "method": method, "params": {"changes": [change]}}, source)


def picture(source: random.Random) -> str:
    pixels = zlib.compress(source.randbytes(source.randint(60, 900)))
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + pixels
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return _json({"type": "avatar", "user": source.choice(FIRST), "src": url}, source)


def identifiers(source: random.Random) -> str:
    text = _sentence(source)
    facts = {
        "id": _uuid(source),
        "trace": f"00-{_hex(source, 32)}-{_hex(source, 16)}-01",
        "md5": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "commit": _hex(source, 40),
        "etag": f'W/"{_hex(source, 16)}"',
        "video": _base62(source, 11),
        "object": _hex(source, 24),
        "ulid": "01H" + "".join(source.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=23)),
    }
    some = source.sample(sorted(facts), k=source.randint(2, 6))
    return _json({name: facts[name] for name in some}, source)


def shop(source: random.Random) -> str:
    return source.choice(
        (
            _json(
                {
                    "order": source.randrange(10**9, 10**10),
                    "total": source.randrange(10**6),
                    "items": source.randint(1, 9),
                    "status": "paid",
                },
                source,
            ),
            f"Order {_digits(source, 3)}-{_digits(source, 7)}-{_digits(source, 7)} has shipped",
            f"tracking 1Z{_base62(source, 16).upper()}, arrives in {source.randint(1, 9)} days",
            f"invoice {_digits(source, 4)}-{_digits(source, 6)}: {source.uniform(1, 999):.2f} EUR",
            f"part no. {_digits(source, 5)}.{_digits(source, 3)}, batch {_digits(source, 8)}",
            _json(
                {
                    "sku": _digits(source, 8),
                    "qty": source.randint(1, 99),
                    "updated": _time_ms(source),
                },
                source,
            ),
        )
    )


def dates(source: random.Random) -> str:
    month, day, hour = source.randint(1, 12), source.randint(1, 28), source.randrange(24)
    return source.choice(
        (
            _json({"from": _iso(source), "to": _iso(source), "tz": "Europe/Oslo"}, source),
            f"meeting moved from {day}.{month}.2026 to {month}/{day}/2026 at {hour}:30",
            f"uptime {source.randrange(400)} days, {hour}:{source.randrange(60):02d}",
            _json({"start": _time_ms(source), "end": _time_ms(source)}, source),
        )
    )


def envelope(source: random.Random) -> str:
    inner = {"user": source.choice(FIRST), "text": _sentence(source)}
    return source.choice(
        (
            "42" + _json(["chat message", inner], source),
            "a" + json.dumps([_json(inner, source)]),
            _json({"type": 1, "target": "Say", "arguments": [inner["text"]]}, source) + "\x1e",
            f"SEND\ndestination:/topic/news\n\n{inner['text']}\x00",
            "2probe",
            '0{"sid":"' + _base62(source, 20) + '","upgrades":[],"pingInterval":25000}',
            _json({"id": _uuid(source), "type": "next", "payload": {"data": inner}}, source),
            "data: " + _json(inner, source) + "\n\n",
        )
    )


def settings(source: random.Random) -> str:
    form = {
        "theme": source.choice(("dark", "light")),
        "keyboard": {"submit": "Enter", "newline": "Shift+Enter"},
        "keys": ["name", "address", "phone", "card"],
        "password": source.choice(("", "********", None)),
        "requires_secret": False,
        "access": source.choice(("public", "members", "admins")),
        "author": source.choice(FIRST),
        "credit": round(source.uniform(0, 100), 2),
        "api": f"v{source.randint(1, 4)}",
    }
    some = source.sample(sorted(form), k=source.randint(3, len(form)))
    return _json({"op": "settings", "value": {name: form[name] for name in some}}, source)


KINDS: Final[dict[str, tuple[Maker, int]]] = {
    "chat": (chat, 6),
    "chat history": (chat_history, 2),
    "model deltas": (model_delta, 3),
    "market": (market, 3),
    "telemetry": (telemetry, 2),
    "game": (game, 2),
    "game, binary": (game_binary, 1),
    "msgpack": (packed, 1),
    "log lines": (log_line, 3),
    "code": (code, 2),
    "pictures": (picture, 1),
    "identifiers": (identifiers, 3),
    "shop": (shop, 3),
    "dates": (dates, 2),
    "envelopes": (envelope, 2),
    "settings": (settings, 2),
}
"""Who makes it, and its share."""


def cases(split: Split, count: int, *, seed: int | None = None) -> list[Case]:
    """About ``count`` messages, in all kinds by their shares."""
    shares = sum(share for _, share in KINDS.values())
    made = []
    for name, (maker, share) in KINDS.items():
        source = rng(split, "benign", name, seed=seed)
        made += [
            single(name, maker(source), "", positive=False)
            for _ in range(round(count * share / shares))
        ]
    return made
