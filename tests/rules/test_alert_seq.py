"""An alert names the first frame of its message, however the message was looked at."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from tests.relay.harness import encode
from tests.relay.test_large import deflated
from tests.rules.guarding import CARD, Guarded, ruleset
from tests.support.raw import BINARY, CONT, KEY, PING, TEXT, frame
from wsinspect.protocol.extensions import DeflateParams

LOG = "find: {detector: credit-card}, do: log"
STOP = "find: {detector: credit-card}, do: mask"


class Script:
    """Messages in a row, and where each that has a finding begins."""

    def __init__(self, seed: int, *, deflate: bool) -> None:
        rng = random.Random(seed)
        self.name = rng.choice(["to_server", "to_client"])
        self.frames: list[bytes] = []
        self.wanted: list[int] = []
        for _ in range(60):
            self._message(rng, found=rng.random() < 0.3, deflate=deflate and rng.random() < 0.5)

    def _add(self, opcode: int, payload: bytes, **options: Any) -> None:
        mask = KEY if self.name == "to_server" else None
        self.frames.append(frame(opcode, payload, mask=mask, **options))

    def _message(self, rng: random.Random, *, found: bool, deflate: bool) -> None:
        first = len(self.frames)
        text = b"nothing to see " * rng.randrange(4)
        if found:
            text += CARD.encode() + b" "
            self.wanted.append(first)
        payload, rsv = (deflated(text)[0], 4) if deflate else (text, 0)
        opcode = rng.choice([TEXT, BINARY])
        parts = rng.choice([1, 1, 1, 2, 5])
        size = len(payload) // parts + 1
        pieces = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        for number, piece in enumerate(pieces):
            fin = number == len(pieces) - 1
            if number:
                self._add(CONT, piece, fin=fin)
            else:
                self._add(opcode, piece, fin=fin, rsv=rsv)
            while rng.random() < 0.2:  # control frames count, and may be found in, too
                secret = rng.random() < 0.3
                if secret:
                    self.wanted.append(len(self.frames))
                self._add(PING, CARD.encode() if secret else b"ping")

    def chunks(self, rng: random.Random) -> list[bytes]:
        data = b"".join(self.frames)
        found = []
        while data:
            size = rng.choice([1, 7, 100, 3000])
            found.append(data[:size])
            data = data[size:]
        return found


@pytest.mark.parametrize("way", ["later", "now", "held"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_every_way(tmp_path: Path, seed: int, deflate: bool, way: str) -> None:
    script = Script(seed, deflate=deflate)
    params = DeflateParams(15, 15, True, True) if deflate else None
    rules = ruleset(tmp_path, STOP if way == "held" else LOG)
    guarded = Guarded(rules, tell=way == "now", deflate=params)
    for chunk in script.chunks(random.Random(seed)):
        guarded.wire.send(script.name, chunk)
    guarded.settle()
    alerts = guarded.told.alerts
    assert sorted(int(str(alert.seq)) for alert in alerts) == sorted(script.wanted)
    assert {alert.direction for alert in alerts} == {script.name}
    assert len(alerts) > 5


@pytest.mark.parametrize("rule", [LOG, STOP])
@pytest.mark.parametrize("name", ["to_server", "to_client"])
def test_a_message_in_pieces(tmp_path: Path, name: str, rule: str) -> None:
    """Over what is held whole: the frame itself, and as fragments."""
    guarded = Guarded(ruleset(tmp_path, rule), hold_limit=4096)
    write = encode(name)
    filler = b"nothing to see " * 10_000
    text = filler + CARD.encode() + filler
    guarded.wire.send(name, write(TEXT, b"first") + write(PING, b""))
    guarded.wire.send(name, write(TEXT, text))
    guarded.wire.send(name, write(TEXT, text[:100_000], fin=False) + write(PING, b""))
    guarded.wire.send(name, write(CONT, text[100_000:]))
    guarded.settle()
    assert [alert.seq for alert in guarded.told.alerts] == [2, 3]


def test_an_alert_of_no_message_has_none(tmp_path: Path) -> None:
    guarded = Guarded(ruleset(tmp_path, STOP), hold_limit=4096, on_error="open")
    guarded.guards[0].unreadable(1, -1)
    assert guarded.told.alerts[0].seq is UNSET
