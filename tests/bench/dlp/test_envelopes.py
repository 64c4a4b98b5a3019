"""Every envelope gives the text back when it is opened by hand."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import re
import urllib.parse
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import cbor2
import msgpack
import pytest
import zstandard

from bench.dlp.cases import single
from bench.dlp.envelopes import FURTHER, INVISIBLE, TARGETED, wrapped

TEXT = 'key = "a/b+c=é"; n\n\\end & <x> 100%'


def leaves(value: Any) -> Iterator[str]:
    """All strings of a JSON-like value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)


def parsed(data: Any) -> list[str]:
    """The strings of JSON text, or the text if it is none."""
    text = data if isinstance(data, str) else data.decode()
    try:
        return [text, *leaves(json.loads(text))]
    except ValueError:
        return [text]


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def each_leaf(undo: Callable[[str], Any]) -> Callable[[Any], Iterator[str]]:
    """Applies ``undo`` to the message and all its strings; what is not its form is skipped."""

    def opened(data: Any) -> Iterator[str]:
        for leaf in parsed(data):
            try:
                yield from parsed(undo(leaf))
            except (ValueError, gzip.BadGzipFile):
                continue

    return opened


def forms(data: str) -> list[str]:
    query = data.partition("?")[2] or data
    return [urllib.parse.unquote(data), *urllib.parse.parse_qs(query).get("text", [])]


def utf16(mark: bytes, name: str) -> Callable[[bytes], list[str]]:
    return lambda data: parsed(data.removeprefix(mark).decode(name))


def escapes(data: str) -> list[str]:
    def char(match: re.Match[str]) -> str:
        return chr(int(match[1], 16))

    return parsed(re.sub(r"\\u([0-9a-f]{4})", char, data) if data[0] == "\\" else data)


def protobuf(data: bytes) -> list[str]:
    return [data[at:].decode(errors="ignore") for at in range(len(data)) if data[at - 2] == 0x12]


OPENERS: dict[str, Callable[[Any], Any]] = {
    "plain": lambda data: [data],
    "json": parsed,
    "json-in-json": each_leaf(lambda text: text),
    "graphql": parsed,
    "socketio": lambda data: parsed(data[data.index("[") :]),
    "sockjs": lambda data: each_leaf(lambda text: text)(data.removeprefix("a")),
    "base64": each_leaf(base64.b64decode),
    "base64url": each_leaf(unpadded),
    "gzip+base64": each_leaf(lambda text: gzip.decompress(base64.b64decode(text))),
    "url": forms,
    "u-escapes": escapes,
    "zero-width": lambda data: [re.sub(f"[{INVISIBLE}]", "", text) for text in parsed(data)],
    "utf-16le": utf16(b"\xff\xfe", "utf-16-le"),
    "msgpack": lambda data: leaves(msgpack.unpackb(data)),
    "gzip": lambda data: parsed(gzip.decompress(data)),
    "signalr": lambda data: parsed(data.partition("\x1e")[0]),
    "ndjson": lambda data: [leaf for line in data.splitlines() for leaf in parsed(line)],
    "stomp": lambda data: parsed(data.partition("\n\n")[2].removesuffix("\x00")),
    "sse": lambda data: parsed(data.partition("data: ")[2]),
    "wamp": parsed,
    "json-rpc": parsed,
    "html": lambda data: [html.unescape(data[3:-4])],
    "html-numbers": lambda data: [html.unescape(data)],
    "hex": each_leaf(bytes.fromhex),
    "double-url": lambda data: [urllib.parse.unquote(urllib.parse.unquote(data))],
    "base64-twice": lambda data: [base64.b64decode(base64.b64decode(data)).decode()],
    "base64-lines": lambda data: [base64.b64decode(data).decode()],
    "data-url": each_leaf(lambda text: base64.b64decode(text.partition(",")[2])),
    "utf-16be": utf16(b"\xfe\xff", "utf-16-be"),
    "cbor": lambda data: leaves(cbor2.loads(data)),
    "protobuf": protobuf,
    "zlib": lambda data: parsed(zlib.decompress(data)),
    "brotli": lambda data: parsed(brotli.decompress(data)),
    "zstd": lambda data: parsed(zstandard.decompress(data)),
    "json-in-binary": parsed,
}


def test_the_fifteen() -> None:
    assert len(TARGETED) == 15
    assert not TARGETED.keys() & FURTHER.keys()
    assert OPENERS.keys() == TARGETED.keys() | FURTHER.keys()


@pytest.mark.parametrize("name", OPENERS)
def test_the_text_can_be_read_again(name: str) -> None:
    envelope = (TARGETED | FURTHER)[name]
    for seed in range(40):
        sealed = envelope(TEXT, random.Random(seed))
        assert TEXT in list(OPENERS[name](sealed)), sealed


@pytest.mark.parametrize("name", OPENERS)
def test_all_forms_of_an_envelope_come_up(name: str) -> None:
    envelope = (TARGETED | FURTHER)[name]
    sealed = {envelope(TEXT, random.Random(seed)) for seed in range(40)}
    fixed = {"plain", "html", "double-url", "base64-twice", "base64-lines"}
    assert (len(sealed) > 1) is (name not in fixed)


def test_every_case_gets_every_envelope() -> None:
    cases = [single("r", text, "r", secret=text) for text in ("one", "two")]
    made = wrapped(cases, TARGETED, random.Random(1))
    assert len(made) == 30
    assert {(case.group, case.detector) for case in made} == {(name, "r") for name in TARGETED}
