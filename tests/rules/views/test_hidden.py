"""Less usual ways to write a text: seen through, and written anew in the same form."""

from __future__ import annotations

import base64
import codecs
import json
import quopri
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.views.helpers import SECRET, expanded, paths, places, redacted
from wsinspect.rules.views import base32, rebuild
from wsinspect.rules.views.turned import turned

S = SECRET.decode()


def rot13(text: str) -> str:
    return codecs.encode(text, "rot_13")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# A value ends where its field, its tag or its frame ends.


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (f"room=1&text=key%3D{S}&lang=en", f"text=key={S}"),
        (f"room=1&text=key+{S}&lang=en", f"text=key {S}"),
        (f"room=1&text={S}&lang=en", f"text={S}"),
        (f"see /post?a=b&text={S}&lang=en for it", f"text={S}"),
        (f"<p>key: {S}</p><p>ok</p>", f"key: {S}"),
        (f"<p class='x'>key: {S}</p>&amp;", f"key: {S}"),
        (f"SEND\nto:/a\n\nkey: {S}\x00\n", f"key: {S}"),
    ],
    ids=["form", "form with plus", "form, no escapes", "query", "tag", "tag, entity", "NUL"],
)
def test_a_value_has_a_line_of_its_own(payload: str, line: str) -> None:
    for text in (payload, json.dumps({"a": payload.replace("\x00", "")})):
        expansion = expanded(text)
        lines = [part for view in expansion.views for part in view.data.split(b"\n")]
        if "\x00" not in payload or text == payload:
            assert line.encode() in lines
        out = redacted(expansion)
        assert out is not None
        assert out == text.replace(S, "[gone]").encode()


def test_an_edit_of_a_field_leaves_the_others() -> None:
    expansion = expanded(f"a=%41&text=%41{S[1:]}&lang=en")
    assert redacted(expansion, b"x&y") == b"a=%41&text=x%26y&lang=en"


def test_ampersands_of_a_sentence_stay() -> None:
    expansion = expanded(f"R&D %41 & co, {S}")
    assert expansion.views[1].data == b"R&D A & co, " + SECRET


# What stands inside of a token


@pytest.mark.parametrize(
    ("inside", "path"),
    [
        ("<!---->", "html"),
        ("<!-- no -->", "html"),
        ("</b><b>", "html"),
        ("<wbr/></i>", "html"),
        ('" + "', "unicode"),
        ("' +\n '", "unicode"),
        ("/**/", "unicode"),
        ("/* no */", "unicode"),
        ("\\\n", "unicode"),
        ("\\\r\n", "unicode"),
    ],
)
def test_it_is_no_part_of_the_token(inside: str, path: str) -> None:
    broken = S[:9] + inside + S[9:]
    expansion = expanded(f"key {broken}, ok")
    assert paths(expansion) == {path}
    assert redacted(expansion) == b"key [gone], ok"
    nested = json.dumps({"a": f"key {broken}, ok"})
    out = redacted(expanded(nested))
    assert out is not None
    assert json.loads(out) == {"a": "key [gone], ok"}


def test_all_characters_apart() -> None:
    for inside in ("<!---->", "/**/"):
        assert redacted(expanded(inside.join(S))) == b"[gone]"


def test_octal() -> None:
    payload = "".join(f"\\{ord(char):03o}" for char in S)
    expansion = expanded(f"it is {payload}.")
    assert paths(expansion) == {"unicode"}
    assert redacted(expansion) == b"it is [gone]."


def test_numbered_parts() -> None:
    payload = f'my key: {{"part1": "{S[:7]}", "part2": "{S[7:11]}", "part3": "{S[11:]} ok"}}'
    expansion = expanded(payload)
    assert paths(expansion) == {"json:$"}
    assert redacted(expansion) == b'my key: {"part1": "[gone]", "part2": "", "part3": " ok"}'
    whole = payload.removeprefix("my key: ")
    out = redacted(expanded(whole), b'"')
    assert out is not None
    assert json.loads(out) == {"part1": '"', "part2": "", "part3": " ok"}


@pytest.mark.parametrize(
    "payload",
    [
        f'{{"a1":"{S[:9]}","b2":"{S[9:]}"}}',
        f'{{"a1":"{S[:9]}","a3":"{S[9:]}"}}',
        f'{{"a1":"{S[:9]}","x":1,"a2":"{S[9:]}"}}',
        f'{{"a7":"{S[:9]}","a8":"{S[9:]}"}}',
    ],
)
def test_parts_that_do_not_follow_each_other_are_none(payload: str) -> None:
    assert not paths(expanded(payload))


# Bytes one by one

SPELLED: dict[str, Callable[[bytes], str]] = {
    "spaces": lambda data: data.hex(" "),
    "colons": lambda data: data.hex(":").upper(),
    "dashes": lambda data: data.hex("-"),
    "commas": lambda data: ", ".join(f"{byte:02x}" for byte in data),
    "0x": lambda data: ", ".join(f"0x{byte:02X}" for byte in data),
    "0x, spaces": lambda data: " ".join(f"0x{byte:02x}" for byte in data),
    "0x once": lambda data: "0x" + data.hex(),
    "decimals": lambda data: " ".join(map(str, data)),
    "list": lambda data: ", ".join(map(str, data)),
    "list without spaces": lambda data: ",".join(map(str, data)),
}


@pytest.mark.parametrize("form", SPELLED)
@pytest.mark.parametrize("frame", ["{}", "it is {}.", "it is {} so", '{{"v":"{}"}}'])
def test_bytes_one_by_one(form: str, frame: str) -> None:
    write = SPELLED[form]
    expansion = expanded(frame.format(write(SECRET)))
    assert len(paths(expansion)) == 1
    assert next(iter(paths(expansion))).endswith("hex")
    assert redacted(expansion, b"gone") == frame.format(write(b"gone")).encode()


def test_a_json_list_of_bytes_stays_one() -> None:
    payload = json.dumps({"v": list(b"my key is " + SECRET)})
    out = redacted(expanded(payload), b"gone")
    assert out is not None
    assert bytes(json.loads(out)["v"]) == b"my key is gone"


def test_digits_may_be_hex_and_decimals() -> None:
    card = b"4111111111111111"
    payload = " ".join(map(str, card))
    assert paths(expanded(payload), card) == {"hex"}
    assert redacted(expanded(payload), b"xx", card) == b"120 120"
    mixed = b"-----BEGIN then y"  # pairs first, then a number of three digits
    assert paths(expanded(" ".join(map(str, mixed))), mixed) == {"hex"}


@pytest.mark.parametrize(
    "noise",
    [
        "SHA256 8b:1f:9e:42:ff:01:de:ad:be:ef:00:11:8b:1f:9e:42",
        "AA:BB:CC:DD:EE:FF",
        "2025-11-22 10:11:12 13:14:15",
        "200 180 170 160 150 140 130 128 240",
        "1.55 60.70 80 90.12",
    ],
)
def test_numbers_are_no_text(noise: str) -> None:
    assert len(expanded(noise).views) == 1


def test_quoted_printable() -> None:
    long = quopri.encodestring(f"é is {'x' * 53}{S} = ü".encode()).decode()
    assert S not in long
    expansion = expanded(long, text=True)
    assert paths(expansion) == {"hex"}
    out = redacted(expansion, "=é".encode())
    assert out is not None
    assert quopri.decodestring(out).decode() == f"é is {'x' * 53}=é = ü"
    every = "".join(f"={byte:02X}" for byte in SECRET)
    assert redacted(expanded(f"<{every}>")) == b"<[gone]>"


# Base32

FORMS_32: dict[str, Callable[[bytes], bytes]] = {
    "standard": base64.b32encode,
    "not padded": lambda data: base64.b32encode(data).rstrip(b"="),
    "lower": lambda data: base64.b32encode(data).lower(),
    "hex": base64.b32hexencode,
    "hex, lower, not padded": lambda data: base64.b32hexencode(data).lower().rstrip(b"="),
}


@pytest.mark.parametrize("form", FORMS_32)
@pytest.mark.parametrize("before", ["", "id ", '{"a":"'])
def test_base32(form: str, before: str) -> None:
    text = b"my key is " + SECRET + b", ok"
    run = FORMS_32[form](text).decode()
    after = '"}' if before.startswith("{") else ""
    expansion = expanded(before + run + after)
    assert {path.rpartition(">")[2] for path in paths(expansion)} == {"base64"}
    new = FORMS_32[form](b"my key is no, ok").decode()
    assert redacted(expansion, b"no") == (before + new + after).encode()


@given(st.binary(min_size=9, max_size=50), st.sampled_from(sorted(FORMS_32)))
def test_base32_is_decoded_as_by_python(data: bytes, form: str) -> None:
    text = bytes(32 + byte % 95 for byte in data)
    run = FORMS_32[form](text).rstrip(b"=")
    found = base32.decode(run)
    assert found is not None
    # Some text is text in the other alphabet, too.
    assert found[0] == text or form.startswith("hex")


def test_long_base32_is_cut_well() -> None:
    text = random.Random(3).randbytes(9000).hex().encode()
    found = base32.decode(base64.b32encode(text).rstrip(b"="))
    assert found == (text, False)


@pytest.mark.parametrize(
    "noise",
    ["internationalization", "ABCDEFGHIJKLMNOPQRST", "zzzzzzzzzzzzzzzzzzzzzzzz", "a" * 200_000],
)
def test_words_are_no_base32(noise: str) -> None:
    assert len(expanded(noise, decode={"base64"}).views) == 1


# Base64 in odd forms


def test_base64_behind_plain_characters() -> None:
    payload = "id " + S[:8] + b64(S[8:] + " is my key")
    expansion = expanded(payload)
    assert paths(expansion) == {"base64"}
    ((view, _, end),) = places(expansion)
    assert redacted(expansion) is None  # where would the reader find the encoded part?
    assert (
        rebuild(expansion, {view: [(end, end + 3, b" no")]})
        == ("id " + S[:8] + b64(S[8:] + " no my key")).encode()
    )


def test_base64_by_rot13() -> None:
    payload = "id " + rot13(b64(f"my key is {S}"))
    assert redacted(expanded(payload)) == ("id " + rot13(b64("my key is [gone]"))).encode()
    payload = rot13(SECRET.hex())
    assert redacted(expanded(payload)) == rot13(b"[gone]".hex()).encode()


def test_base64_with_a_short_last_line() -> None:
    for cut in range(1, 5):
        encoded = base64.b64encode(b"x" * (48 - len(SECRET)) + SECRET + b"y" * cut)
        lines = b"\n".join((encoded[:64], encoded[64:])).decode()
        data = expanded(lines).views[1].data
        assert data.endswith(SECRET + b"y" * cut)


# Turned texts


@pytest.mark.parametrize(
    "secret",
    [
        S,
        "ghp_" + "aZ3" * 12,
        "xoxb-123456789012-abcdef",
        "sk_live_" + "aZ3" * 8,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        "postgres://app:s3cret@db.internal/main",
    ],
)
def test_a_secret_turned(secret: str) -> None:
    wanted = secret.encode()
    for turn in (rot13, lambda text: text[::-1]):
        payload = turn(f"Schlüssel {secret} … ok")
        expansion = expanded(payload)
        assert paths(expansion, wanted) == {"unicode"}
        out = redacted(expansion, "ähm a".encode(), wanted)
        assert out is not None
        assert turn(out.decode()) == "Schlüssel ähm a … ok"
        nested = json.dumps({"a": payload}, ensure_ascii=False)
        out = redacted(expanded(nested), b"no", wanted)
        assert out is not None
        assert json.loads(out) == {"a": turn("Schlüssel no … ok")}


@given(st.text(max_size=40), st.binary(max_size=10))
def test_turning_keeps_places(text: str, odd: bytes) -> None:
    data = text.encode() + b" //:ptth" + odd
    found = {origin.backwards: plain for plain, origin in turned(data)}
    assert len(found[True]) == len(data)
    assert b"http://" in found[True]
    assert len(found.get(False, data)) == len(data)


# Digits of other scripts inside of tokens


@pytest.mark.parametrize("zero", [0x660, 0x966, 0xE50, 0x17E0, 0x1810])
def test_foreign_digits_in_a_token(zero: int) -> None:
    token = "ghp_a1b22C3d4E5f6"
    foreign = "".join(chr(zero + int(c)) if c.isdigit() else c for c in token)
    expansion = expanded(f"it is {foreign}.")
    assert paths(expansion, token.encode()) == {"unicode"}
    assert redacted(expansion, wanted=token.encode()) == b"it is [gone]."


def test_letters_that_are_drawn_as_digits() -> None:
    expansion = expanded("card 4ІІІ ІІІІ ІООƧ ƷƼб8 and ОК")
    assert paths(expansion, b"4111 1111 1002 3568") == set()  # hardly a digit in it
    expansion = expanded("card 41ІІ 1111 ІОО2 ƷƼб8 and ОК")
    assert paths(expansion, b"4111 1111 1002 3568") == {"unicode"}
    out = redacted(expansion, b"no", b"4111 1111 1002 3568")
    assert out == "card no and ОК".encode()
