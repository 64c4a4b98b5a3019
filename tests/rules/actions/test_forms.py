"""Replacement forms, what alerts show, fingerprints and keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.actions import (
    Fingerprints,
    KeyMissing,
    hashed,
    mask,
    masked_form,
    redact,
    resolve_key,
    token,
)

texts = st.text(max_size=80)


@pytest.mark.parametrize(
    ("text", "first", "last", "expected"),
    [
        ("4111 1111 1111 1111", 0, 4, "**** **** **** 1111"),
        ("4111-1111-1111-1111", 2, 2, "41**-****-****-**11"),
        ("sk_live_4eC39", 0, 0, "**_****_*****"),
        ("jane.doe@example.com", 1, 0, "j***.***@*******.***"),
        ("Zoë Ωmega", 0, 0, "*** *****"),
        ("नमस्ते", 0, 0, "******"),  # the vowel signs too
        ("١٢٣-٤٥", 0, 2, "***-٤٥"),
        ("", 0, 0, ""),
        ("1234", 0, 4, "****"),  # keeping all would mask nothing
        ("1234", 3, 3, "****"),
        ("1234", -2, 1, "***4"),
        ("!?#", 0, 0, "***"),  # nothing but signs is no separator
    ],
)
def test_mask(text: str, first: int, last: int, expected: str) -> None:
    assert mask(text, first, last) == expected


@given(texts, st.integers(0, 10), st.integers(0, 10))
def test_mask_keeps_length_and_shows_no_more_than_it_was_told(
    text: str, first: int, last: int
) -> None:
    masked = mask(text, first, last)
    assert len(masked) == len(text)
    shown = [a for a, b in zip(text, masked, strict=True) if a == b and a.isalnum()]
    assert len(shown) <= first + last


@given(texts)
def test_the_masked_form_is_short_and_holds_nothing(text: str) -> None:
    form = masked_form(text)
    assert len(form) <= 64
    assert not any(char.isalnum() for char in form.partition("… (")[0])
    assert masked_form(text.encode("utf-8", "replace").decode()) == masked_form(
        text.encode("utf-8", "replace")
    )


def test_masked_forms() -> None:
    assert masked_form(b"4111 1111-1111/1111") == "**** ****-****/****"
    assert masked_form("a@b.example") == "*@*.*******"
    assert masked_form("pa$$w\nrd") == "********"
    assert masked_form("-----") == "*****"
    assert masked_form(b"\xff\xfe\x00") == "***"
    long = masked_form("A" * 500)
    assert long.endswith("*… (500 characters)")
    assert len(long) == 64


def test_redact_is_the_replacement() -> None:
    assert redact("secret") == "[redacted]"
    assert redact("secret", "") == ""


def test_hash_token_and_fingerprint_depend_on_value_and_key_and_not_on_each_other() -> None:
    key, other = b"k1", b"k2"
    for form in (hashed, token):
        assert form(b"a", key) == form(b"a", key)
        assert len({form(b"a", key), form(b"b", key), form(b"a", other)}) == 3
    assert hashed(b"a", key) == "hash_" + hashed(b"a", key)[5:]
    assert len(hashed(b"a", key)) == 5 + 32
    assert token(b"a", key).startswith("tok_")
    assert len(token(b"a", key)) == 4 + 26
    assert token(b"a", key).replace("_", "").isalnum()
    fingerprint = Fingerprints(key).of(b"a")
    assert len(fingerprint) == 16
    assert fingerprint not in hashed(b"a", key)


def test_fingerprints_take_their_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSINSPECT_FINGERPRINT_KEY", "of the fleet")
    assert Fingerprints().of(b"x") == Fingerprints(b"of the fleet").of(b"x")
    monkeypatch.delenv("WSINSPECT_FINGERPRINT_KEY")
    assert Fingerprints().of(b"x") != Fingerprints().of(b"x")


def test_fingerprints_do_not_show_their_key() -> None:
    fingerprints = Fingerprints(b"top-secret")
    assert "top-secret" not in repr(fingerprints)
    assert fingerprints.key == b"top-secret"


def test_a_key_is_the_variable_s_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSI_KEY", "käse")
    assert resolve_key("env:WSI_KEY") == "käse".encode()


def test_a_missing_key_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WSI_KEY", raising=False)
    with pytest.raises(KeyMissing, match="WSI_KEY is not set"):
        resolve_key("env:WSI_KEY")
    monkeypatch.setenv("WSI_KEY", "")
    with pytest.raises(KeyMissing, match="WSI_KEY"):
        resolve_key("env:WSI_KEY")


@pytest.mark.parametrize("reference", ["hunter2", "env:", "env:a b", "ENV:X", "env:X\nenv:Y"])
def test_what_is_no_reference_is_not_repeated(reference: str) -> None:
    with pytest.raises(KeyMissing) as caught:
        resolve_key(reference)
    assert "hunter2" not in str(caught.value)
    assert "a b" not in str(caught.value)
