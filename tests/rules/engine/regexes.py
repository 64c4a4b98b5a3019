"""Random regexes in RE2's syntax, and texts that they have a chance to match."""

from __future__ import annotations

from hypothesis import strategies as st

from wsinspect.rules.engine.regexes import BadRegexError, compile_regex

__all__ = ["regexes", "texts"]

_ATOMS = st.sampled_from(
    [
        *"abksx1- é",
        *(r"\n", r"\.", r"\v", r"\x00", r"\x{e9}", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S"),
        *(".", "(?s:.)", "[ab]", "[^a]", r"[^a\n]", "[a-z]", "[é-ñ]", r"\pL", r"\PL"),
        *("[[:^alpha:]]", r"[\x{80}-\x{10ffff}]", r"\Qa.b\E", "ab", "漢"),
        *("(?i:k)", "(?i:[a-z])", "(?i:é)", "(?i:[^k])"),
    ]
)
_EDGES = st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\z", "(?m:^)", "(?m:$)", "(?i)"])
_REPEATS = st.sampled_from(
    ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}", "{0,2}", "{1,3}?", "{5,12}"]
)
_PIECES = st.sampled_from([*"abkKsSx12- .Z\n", *"éñſ漢😀", "\u212a", "\x00", "\x0b"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        inner.map(lambda one: f"({one})"),
        st.tuples(_EDGES, inner).map("".join),
        st.tuples(inner, _EDGES).map("".join),
        st.tuples(inner, _REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.tuples(_ATOMS, _REPEATS).map(
            lambda pair: (pair[0] if len(pair[0]) == 1 else f"(?:{pair[0]})") + pair[1]
        ),
    )


def _is_accepted(regex: str) -> bool:
    try:
        compile_regex(regex)
    except BadRegexError:
        return False
    return True


def regexes() -> st.SearchStrategy[str]:
    return st.recursive(_ATOMS, _grow, max_leaves=8).filter(_is_accepted)


def texts() -> st.SearchStrategy[bytes]:
    """ASCII, UTF-8 and what is neither."""
    pieces = st.lists(_PIECES, max_size=20).map("".join).map(str.encode)
    broken = st.tuples(pieces, st.binary(min_size=1, max_size=3), pieces).map(b"".join)
    ascii_only = st.lists(st.sampled_from("abkKsSx12- .Z\n"), max_size=30).map("".join)
    return st.one_of(pieces, ascii_only.map(str.encode), broken)
