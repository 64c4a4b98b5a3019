"""A spot in a message that a person has named."""

from __future__ import annotations

import pytest

from wsinspect.proxy.spots import read_spot


@pytest.mark.parametrize(
    ("name", "message", "value"),
    [
        ("auth.session", b'{"auth":{"session":"s1"}}', "s1"),
        ("$.auth.session", b'{"auth":{"session":"s1"}}', "s1"),
        ("[1].sid", b'42["join",{"sid":"s2"}]', "s2"),
        ("seq", b'{"seq":17}', "17"),
        ("a[0][1]", b'{"a":[[0,7]]}', "7"),
        ("seq", b'{"seq":null}', None),
        ("seq", b'{"seq":{}}', None),
        ("seq", b"[1]", None),
        ("a[3]", b'{"a":[1]}', None),
        ("seq", b"\xff no JSON", None),
        ("seq", b"[" * 100_000, None),
        ("/sid=([a-z0-9]+)/", b"HELLO sid=abc9;", "abc9"),
        ("/[0-9]+/", b"n 42", "42"),
        ("/(x)?n/", b"n", None),
        ("/sid=(.*)/", b"sid=", None),
    ],
)
def test_what_is_there(name: str, message: bytes, value: str | None) -> None:
    assert read_spot(name)(message) == value


@pytest.mark.parametrize("name", ["a..b", "$", "a[x]", "[", "/(/", "a[0"])
def test_what_is_no_spot(name: str) -> None:
    with pytest.raises(ValueError, match=r"path like|regular expression"):
        read_spot(name)
