"""Values that are known as keyed hashes only: the file, finding them, and keeping quiet."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.detect_packs.reference import find
from wsinspect.rules.detect import exact as module
from wsinspect.rules.detect.exact import Exact, exact_pattern, load_exact, make_exact, normalise

KEY = b"a key of sixteen or more bytes"
VALUES = [
    "Jane Q. Doe",
    "jane.doe@example.org",
    "DE89 3704 0044 0532 0130 00",
    "4111111111111111",
    "123-45-6789",
    "CUST-00412-X",
    "Jürgen Groß",
]


def exact_of(tmp_path: Path, values: list[str]) -> Exact:
    path = tmp_path / "values.exact"
    path.write_bytes(make_exact(values, KEY))
    return load_exact(path, KEY)


def found(tmp_path: Path, values: list[str], text: str) -> list[str]:
    return [one.decode() for one in find(exact_pattern("x", exact_of(tmp_path, values)), text)]


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("call JANE Q DOE now", ["JANE", "Q", "DOE"]),
        ("call jane doe now", []),
        ('{"mail":"Jane.Doe@Example.ORG"}', ["Jane.Doe@Example.ORG"]),
        ("mailto:jane.doe@example.org!", ["mailto:jane.doe@example.org"]),
        ("xjane.doe@example.org", []),
        ("DE89370400440532013000", ["DE89370400440532013000"]),
        ("de89-3704-0044-0532-0130-00.", ["de89-3704-0044-0532-0130-00"]),
        ("pay 4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        ("pay 4111-1111-1111-1112", []),
        ("411111111111111", []),
        ("41111111111111111", []),
        ("ssn 123 45 6789", ["123 45 6789"]),
        ("ssn 123456789,", ["123456789"]),
        ("cust00412x", ["cust00412x"]),
        ("cust_00412_x", ["cust_00412_x"]),
        ("JÜRGEN GROSS", ["JÜRGEN", "GROSS"]),
        ("ju\u0308rgen groß", ["ju\u0308rgen", "groß"]),  # composed or not
        ("\uff14" + "\uff11" * 15, ["\uff14" + "\uff11" * 15]),
        ("", []),
    ],
)
def test_values(tmp_path: Path, text: str, finds: list[str]) -> None:
    assert found(tmp_path, VALUES, text) == finds


def test_far_in_a_long_message_and_over_what_is_remembered(tmp_path: Path) -> None:
    exact = exact_of(tmp_path, VALUES)
    pattern = exact_pattern("x", exact)
    filler = "word 12 " * 200
    text = f"{filler}Jane Q. Doe {filler}4111 1111 1111 1111"
    expected = [b"Jane", b"Q", b"Doe"]
    assert find(pattern, text)[:3] == expected
    kept = module._REMEMBERED_LEN
    try:
        module._REMEMBERED_LEN = 0  # type: ignore[misc]
        assert find(pattern, text)[:3] == expected
        assert len(find(pattern, text)) == 4
    finally:
        module._REMEMBERED_LEN = kept  # type: ignore[misc]


def test_ten_thousand_values(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    values = [f"{rng.randrange(10**10):010}" for _ in range(10_000)]
    exact = exact_of(tmp_path, values)
    pattern = exact_pattern("x", exact)
    assert exact.count == len(set(values))
    some = rng.sample(values, 50)
    assert [one.decode() for one in find(pattern, "; ".join(some))] == some
    others = [f"{rng.randrange(10**10):010}" for _ in range(500)]
    assert find(pattern, "; ".join(one for one in others if one not in set(values))) == []


@given(st.text(max_size=60), st.sampled_from(VALUES), st.text(max_size=60))
def test_a_value_between_anything_is_covered(before: str, value: str, after: str) -> None:
    """Each letter and digit of it is part of a find: none is left when finds are replaced."""
    digests = make_exact(VALUES, KEY)
    header, _, rest = digests.partition(b"\n")
    shapes = header.decode().rpartition("shapes=")[2].split(",")
    parsed = [(one[0], int(one[1:].split("w")[0]), int(one.split("w")[1])) for one in shapes]
    pattern = exact_pattern("x", Exact(rest, KEY, parsed))
    text = f"{before} ; {value} ; {after}"
    hits = b"".join(find(pattern, text.encode(errors="replace")))
    assert normalise(value) in normalise(hits.decode())


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    exact = Exact(b"", KEY, [("d", 9, 1), ("a", 7, 2)])
    assert find(exact_pattern("x", exact), data) == []
    assert exact.find(data, True, True) == []


def test_the_file_holds_no_value_and_depends_on_the_key(tmp_path: Path) -> None:
    content = make_exact(VALUES, KEY)
    header, _, digests = content.partition(b"\n")
    assert header.startswith(b"wsinspect-exact 1 hmac-sha256-128 nfkc-casefold-alnum check=")
    assert len(digests) == 16 * len(VALUES)
    assert content == make_exact(reversed(VALUES), KEY)
    assert digests != make_exact(VALUES, KEY + b"x").partition(b"\n")[2]
    exact = exact_of(tmp_path, VALUES)
    assert repr(exact) == f"Exact({len(VALUES)} values)"
    assert "jane q doe" in exact
    assert "jane q roe" not in exact


def test_nothing_is_found_of_no_values(tmp_path: Path) -> None:
    assert found(tmp_path, [], "anything 4111111111111111") == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("abc", "value 2: 4 to 128"),
        ("---", "value 2: 4 to 128"),
        ("x" * 129, "value 2: 4 to 128"),
        ("a b c d e f g h i j kk", "value 2: more than 10 words"),
    ],
)
def test_values_that_cannot_be_listed_are_not_told(value: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        make_exact(["good value", value], KEY)
    assert value not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "values.exact"
    good = make_exact(VALUES, KEY)
    for content, key, said in (
        (good, b"another key of sixteen bytes", "made with another key"),
        (good, b"short", "a key of at least 16 bytes"),
        (good[:-1], KEY, "cut short"),
        (good.replace(b"exact 1", b"exact 2"), KEY, "not a file of keyed hashes"),
        (good.replace(b"shapes=", b"shapes=q9,"), KEY, "its header is damaged"),
        (b"", KEY, "not a file of keyed hashes"),
        (b"x" * 40_000, KEY, "not a file of keyed hashes"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=said) as caught:
            load_exact(path, key)
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(ValueError, match="No such file"):
        load_exact(tmp_path / "none", KEY)
