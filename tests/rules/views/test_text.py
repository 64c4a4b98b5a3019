"""Escapes and encodings of text: what is behind them is found, and rewritten in its own form."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import unicodedata
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.views.helpers import SECRET, expanded, paths, places, redacted
from wsinspect.rules.views import (
    DECODE_NAMES,
    expand,
    folding,
    lookalikes,
    mapped,
    rebuild,
    recoded,
)
from wsinspect.rules.views.signs import signs

S = SECRET.decode()


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


# URL encoding


def test_url_in_json_keeps_its_other_bytes() -> None:
    expansion = expanded('{"u":"/a%2fb?q=%41' + S[1:] + '%22&x=a+b","v":"50%"}')
    assert paths(expansion) == {"json:$.u>url"}
    assert redacted(expansion, b"[a b]") == (b'{"u":"/a%2fb?q=%5Ba%20b%5D%22&x=a+b","v":"50%"}')


def test_a_form_has_spaces_as_plus() -> None:
    expansion = expanded("card=4111+1111+1111+1111&name=a%20b")
    assert paths(expansion, b"4111 1111 1111 1111") == {"url"}
    out = redacted(expansion, b"**** **** **** 1111", b"4111 1111 1111 1111")
    assert out == b"card=****%20****%20****%201111&name=a%20b"
    assert paths(expanded("card=4111+1111"), b"4111 1111") == {"url"}  # no sign at all
    assert not paths(expanded("1+1=2 %41"), b"1 1=2 A")  # a sentence is no form


def test_an_edit_in_a_run_of_percents_leaves_its_neighbours() -> None:
    expansion = expanded("%61%41" + S[1:] + "%62%63")
    assert redacted(expansion) == b"%61%5Bgone%5D%62%63"


@given(st.text(max_size=30), st.text(min_size=1, max_size=5))
def test_url_is_undone_as_by_a_reader(text: str, new: str) -> None:
    payload = "x=" + urllib.parse.quote_plus(text + "é", safe="")
    expansion = expanded(payload, decode={"url"})
    view = expansion.views[1]  # a text that has %41 itself gives more
    assert view.data == ("x=" + urllib.parse.unquote_plus(payload[2:])).encode()
    out = rebuild(expansion, {view: [(2, len(view.data), new.encode())]})
    assert out is not None
    assert urllib.parse.unquote_plus(out.decode()) == "x=" + new


# HTML and backslashes


def test_html() -> None:
    payload = "<b>&#65;" + S[1:] + " &amp; &copy; &nosuch; &#x1F600;</b>"
    expansion = expanded(payload)
    assert paths(expansion) == {"html"}
    assert expansion.views[1].data.decode() == html.unescape(payload[3:-4])  # without the tag
    assert redacted(expansion, b"<&>") == payload.replace("&#65;" + S[1:], "&lt;&amp;&gt;").encode()


@pytest.mark.parametrize(
    "escaped",
    [r"\u0041", r"\x41", r"\u{41}", r"\U00000041", r"\u{000041}"],
)
def test_backslash_escapes(escaped: str) -> None:
    expansion = expanded("key " + escaped + S[1:] + r" C:\new \ud83d\ude00")
    assert paths(expansion) == {"unicode"}
    assert "😀".encode() in expansion.views[1].data
    assert redacted(expansion) == rb"key [gone] C:\new \ud83d\ude00"


# Characters


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A\u200bK\u200d\ufeffIA", "AKIA"),
        ("AK\u00adIA", "AKIA"),
        ("A\u202eKIA", "AKIA"),
        ("\u0410\u041a\u0406\u0410123", "AKIA123"),
        ("p\u0430ssw\u043erd", "password"),
        ("４１１１", "4111"),
        ("𝐀𝐊𝐈𝐀", "AKIA"),
        ("ⒶⓀⒾⒶ", "AKIA"),
        ("🅰🅺🅸🅰", "AKIA"),
        ("ａ＠ｂ．ｃ", "a@b.c"),
        ("٤١١١", "4111"),
        ("४१११", "4111"),
        ("⁴¹¹¹", "4111"),
        ("4111\u00a01111", "4111 1111"),
        ("4111\u20131111", "4111-1111"),
        ("sk\u2011live", "sk-live"),
        ("A\u0336K\u0336IA", "AKIA"),
        ("e\u0301te\u0301", "été"),
        ("".join(chr(0xE0000 + ord(c)) for c in "AKIAHIDDEN"), "AKIAHIDDEN"),
    ],
)
def test_characters_are_read_as_people_do(written: str, read: str) -> None:
    payload = json.dumps({"a": f"x {written} y"}, ensure_ascii=False)
    expansion = expanded(payload)
    wanted = f"{read}".encode()
    assert paths(expansion, wanted) == {"json:$.a>unicode"}
    assert redacted(expansion, b"#", wanted) == b'{"a": "x # y"}'
    assert paths(expanded(f"x {written} y"), wanted) == {"unicode"}


@pytest.mark.parametrize(
    "benign",
    [
        "schöne Grüße, ça va? naïve café…",
        "Привет, как дела? Это сообщение 2023 года",
        "Καλημέρα κόσμε",
        "你好，世界！今天天气怎么样？",
        "こんにちは、元気ですか。",
        "שלום\u200f עולם",
        "I ❤️ you 👨‍👩‍👧 👍🏽 🇫🇷 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "5 m² — about 10–ish “quotes” ™ №",
        "10 € = 10,50 $",
    ],
)
def test_ordinary_texts_need_no_folding(benign: str) -> None:
    assert folding.fold(benign.encode()) is None
    assert len(expanded(benign).views) == 1


def test_every_decimal_digit_is_known() -> None:
    digits = lookalikes.DIGITS | lookalikes.COMPATIBLE
    for code in range(0x80, 0x20000):
        value = unicodedata.decimal(chr(code), None)
        if value is not None:
            assert digits[code] == str(value), hex(code)


def test_compatible_characters_are_what_unicode_says() -> None:
    for code, plain in lookalikes.COMPATIBLE.items():
        known = unicodedata.normalize("NFKC", chr(code))
        if known != chr(code):  # the negative squares have no decomposition
            assert plain == known or plain == known.strip("()")
    assert all(not c.isascii() for table in (lookalikes.LETTERS,) for c in map(chr, table))


@given(
    st.lists(
        st.sampled_from([*"Aa1 é", "\u200b", "\u0301", "а", "４", "𝐀", "\u00a0", "-", "😀", "ﬁ"]),
        max_size=12,
    ).map("".join)
)
def test_the_map_of_folding_fits_the_folded_text(text: str) -> None:
    text = "A\u200bA" + text
    data = text.encode()
    folded = folding.fold(data)
    assert folded is not None
    pieces = folding._pieces(text)
    done = source = 0
    for piece in pieces:
        assert folded[done : piece.start] == data[source : piece.source_start]
        assert data[piece.source_start : piece.source_end].decode()  # whole characters
        done, source = piece.end, piece.source_end
    assert folded[done:] == data[source:]


# base64 and hex

BASE64_FORMS = [
    ("standard", lambda x: base64.b64encode(x)),
    ("standard, not padded", lambda x: base64.b64encode(x).rstrip(b"=")),
    ("url", lambda x: base64.urlsafe_b64encode(x)),
    ("url, not padded", lambda x: base64.urlsafe_b64encode(x).rstrip(b"=")),
    ("lines", lambda x: base64.encodebytes(x * 3).strip()),
    ("lines CRLF", lambda x: base64.encodebytes(x * 3).strip().replace(b"\n", b"\r\n")),
]


@pytest.mark.parametrize("before", [b"", b"id: ", b'{"a":"', b"x=", b"Basic ", b"data:a/b;base64,"])
@pytest.mark.parametrize("form", [f[1] for f in BASE64_FORMS], ids=[f[0] for f in BASE64_FORMS])
@pytest.mark.parametrize("extra", [b"", b"?", b"??", "ü>?".encode(), b"\0\1"])
def test_base64(before: bytes, form: object, extra: bytes) -> None:
    assert callable(form)
    inner = extra + b" key " + SECRET + b" " + extra
    run = form(inner)
    after = b'"}' if before.startswith(b"{") else b" end"
    if b"\n" in run and before.startswith(b"{"):
        run = run.replace(b"\r", b"\\r").replace(b"\n", b"\\n")
    payload = before + run + after
    expansion = expanded(payload, text=True)
    path = "json:$.a>base64" if before.startswith(b"{") else "base64"
    assert paths(expansion) == {path}
    out = redacted(expansion, b"#" * len(SECRET))
    expected = form(inner.replace(SECRET, b"#" * len(SECRET)))
    if b"\\n" in run:
        assert json.loads(out or b"")["a"].split() == expected.decode().split()
    else:
        assert out == before + expected + after


def test_base64_in_base64_gzip_in_base64() -> None:
    expansion = expanded(json.dumps({"a": b64(b64(f"my key {S}"))}))
    assert paths(expansion) == {"json:$.a>base64>base64"}
    expansion = expanded(json.dumps({"a": b64(gzip.compress(f'{{"k":"\\n{S}"}}'.encode()))}))
    assert paths(expansion) == {"json:$.a>base64>gzip>json:$.k"}
    out = redacted(expansion, b'"')
    assert out is not None
    inner = gzip.decompress(base64.b64decode(json.loads(out)["a"]))
    assert json.loads(inner) == {"k": '\n"'}


def test_a_jwt_is_read_in_its_parts() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'HS256'})}.{part({'sub': S})}.c2lnbmF0dXJl"
    assert paths(expanded(json.dumps({"t": token}))) == {"json:$.t>base64>json:$.sub"}


def test_hex() -> None:
    run = SECRET.hex()
    assert paths(expanded(f'{{"a":"0x-{run}"}}')) == {"json:$.a>hex"}
    assert redacted(expanded(f"h {run}.")) == f"h {b'[gone]'.hex()}.".encode()
    assert redacted(expanded(run.upper())) == b"[gone]".hex().upper().encode()


@pytest.mark.parametrize(
    "noise",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "https://example.com/api/v1/users/profile-settings/internationalization",
        "1234567890123456 20231122164434123456",
        "aVeryLongCamelCaseIdentifierName SCREAMING_SNAKE_CASE_NAME",
        "some_module_name.another_function_name-with-dashes",
        b64(random.Random(7).randbytes(600)),
    ],
)
def test_noise_gives_no_view(noise: str) -> None:
    assert len(expanded(json.dumps({"a": noise}), decode={"json", "base64", "hex"}).views) == 1


@given(st.binary(min_size=11, max_size=60), st.booleans(), st.booleans())
def test_base64_round_trip(data: bytes, url: bool, padded: bool) -> None:
    run = base64.urlsafe_b64encode(data) if url else base64.b64encode(data)
    run = run if padded else run.rstrip(b"=")
    assert recoded.decode_base64(run.rstrip(b"=")) == data


# All of them, one in the other

LAYERS: dict[str, Callable[[str], str]] = {
    "json": lambda t: json.dumps({"k": f"\n{t}"}),
    "url": lambda t: "q%3d" + urllib.parse.quote(t, safe=""),
    "html": lambda t: "&lt;b&gt;" + html.escape(t),
    "base64": lambda t: b64(t),
    "hex": lambda t: t.encode().hex(),
}


@pytest.mark.parametrize("outer", LAYERS)
@pytest.mark.parametrize("middle", LAYERS)
@pytest.mark.parametrize("inner", LAYERS)
def test_any_three_layers(outer: str, middle: str, inner: str) -> None:
    payload = LAYERS[outer](LAYERS[middle](LAYERS[inner](f"my key is {S}, ok")))
    expansion = expanded(payload)
    assert paths(expansion)
    out = redacted(expansion)
    assert out is not None
    again = expanded(out, text=True)
    assert not paths(again)
    assert paths(again, b"[gone]")


def test_only_what_is_asked_for_is_decoded() -> None:
    for name, layer in LAYERS.items():
        payload = layer(f"my key is <{S}>")
        others = DECODE_NAMES - {name, "unicode"}
        found = expanded(payload, decode=others)
        assert all(name not in view.path for view in found.views), name


# Edits that meet


def test_the_same_secret_seen_in_two_views_goes_once() -> None:
    payload = f"a%20{S}&amp;b"
    expansion = expanded(payload)
    assert paths(expansion) >= {"$", "url", "html"}
    out = redacted(expansion)
    assert out == b"a%20[gone]&amp;b"


def test_an_edit_of_the_encoded_run_wins_over_one_inside_it() -> None:
    payload = b64(f"my key {S} and more of it")
    expansion = expanded(payload)
    inside = places(expansion)[0]
    edits = {inside[0]: [(inside[1], inside[2], b"x")], expansion.root: [(4, 8, b"####")]}
    assert rebuild(expansion, edits) == b"####"


def test_overlapping_edits_of_one_view_become_one() -> None:
    expansion = expanded("0123456789")
    edits = {expansion.root: [(2, 5, b"A"), (4, 7, b"B"), (7, 8, b"C")]}
    assert rebuild(expansion, edits) == b"01AC89"


@given(
    payload=st.lists(
        st.sampled_from([*'aA1+/=%&;\\"{}[],: \n', "%41", "\\u0041", "&#65;", "é", "а", "\u200b"]),
        max_size=60,
    ).map("".join),
    pick=st.integers(0, 10_000),
)
def test_any_edit_of_any_view_is_written_or_refused(payload: str, pick: int) -> None:
    expansion = expand(payload.encode(), text=True, decode=DECODE_NAMES, signs=signs)
    view = expansion.views[pick % len(expansion.views)]
    if not view.data:
        return
    start = pick % len(view.data)
    end = min(len(view.data), start + 1 + pick % 7)
    while start and view.data[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(view.data) and view.data[end] & 0xC0 == 0x80:
        end += 1
    out = rebuild(expansion, {view: [(start, end, b"#")]})
    if out is not None:
        out.decode()
        assert b"#" in out or b"%23" in out


def test_every_kind_of_escape_has_a_way_back() -> None:
    for kind in (mapped.URL, mapped.HTML, mapped.BACKSLASH):
        value = b'<a b="c">\\&\'%41+'
        assert kind.escapes.sub(kind.one, kind.encode(value)) == value
