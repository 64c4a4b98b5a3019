"""RE2 regexes on text and their forms for single bytes: the second matches at least as much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.engine.regexes import regexes, texts
from wsinspect.rules.engine.regexes import BadRegexError, compile_bytes_regex, compile_regex
from wsinspect.rules.engine.superset import UnknownSyntaxError, widen
from wsinspect.rules.engine.syntax import read_pieces

# Regex, and texts that it matches as a whole (RE2 is asked too).
MATCHING = [
    (r"a.c", ["abc", "aéc", "a漢c", "a😀c"]),
    (r"[^x]{3}", ["abc", "éññ", "😀😀😀", "a漢c"]),
    (r"[^x]{2,40}!", ["ab!", "漢" * 40 + "!"]),
    (r"(?s:.){5,9}", ["漢\n漢\n漢", "a" * 9]),
    (r"\S+\s\S+", ["a\x0b b\x0b", "é\té"]),
    (r"\W\D\PN", ["é漢😀", "-a\x00"]),
    (r"[[:^alpha:]][[:space:]][]a][^]a]", ["1\x0b]b", "é \u0061\u00e9"]),
    (r"\pL\p{Greek}\p{^Greek}\PL", ["éαa1", "aωé😀"]),
    (r"[é-ñ]+é{2}", ["éñéé"]),
    (r"(?i)éSSk[a-z]ß", ["ÉssKzß", "éSskQẞ"]),
    (r"(?i:a(?-i:b)c)d(?i)e|f", ["AbCdE", "F", "abcde"]),
    (r"x(?i)y|z", ["xY", "Z"]),
    (r"(a(?i)b)c", ["aBc"]),
    (r"\x41\x{e9}\101\n\t\f\r\a\v\.\-\_\/".replace(r"\_", "_"), ["AéA\n\t\f\r\a\v.-_/"]),
    (r"\Qa.b*\E+[a\-\]]", ["a.b***]", "a.b*-"]),
    (r"(?i)\Qk.s\E+", ["K.SSS", "k.s"]),
    (r"a\Q\Eb", ["ab"]),
    (r"a{,2}b{x}{", ["a{,2}b{x}{"]),
    (r"a{2}b{2,}c{0,1}d??e*?f+?", ["aabbcdeef", "aabbf"]),
    (r"(?P<n>a)(?<m>b)()(?:)", ["ab"]),
    (r"(?m:^)a(?m:$)\n(?m:^)b", ["a\nb"]),
    (r"(?U)a+b*", ["ab", "aa"]),
    (r"\Aa\Bb\bz?\z", ["ab"]),
    (r"\b?a(?:^)?b", ["ab"]),
]


@pytest.mark.parametrize(("regex", "matching"), MATCHING, ids=[regex for regex, _ in MATCHING])
def test_what_re2_matches_the_wide_form_matches(regex: str, matching: list[str]) -> None:
    superset = widen(regex)
    for text in matching:
        data = text.encode()
        assert compile_regex(regex).fullmatch(data), f"the vector {text!r} is wrong"
        assert compile_regex(superset.exact).fullmatch(data)
        for form in superset.forms:
            assert _matches_a_begin(form.wide, data)
            if data.isascii():
                assert _matches_a_begin(form.narrow, data)


def _matches_a_begin(form: str, data: bytes) -> bool:
    return compile_bytes_regex(f"(?m){form}").match(data) is not None


@settings(max_examples=300, deadline=None)
@given(regexes(), st.lists(texts(), min_size=1, max_size=6))
def test_any_match_has_a_match_of_each_form(regex: str, data: list[bytes]) -> None:
    superset = widen(regex)
    exact = compile_regex(superset.exact)
    forms = [compile_bytes_regex(f"(?m){form.wide}") for form in superset.forms]
    narrow = [compile_bytes_regex(f"(?m){form.narrow}") for form in superset.forms]
    for text in data:
        for match in exact.finditer(text):
            start, end = match.span()
            for form in forms + (narrow if text.isascii() else []):
                assert form.match(text, start, end) is not None  # not beyond the end


@pytest.mark.parametrize(
    ("regex", "narrow"),
    [
        (r"token=\w{20,}", r"token\x3d[\x30-\x39\x41-\x5a\x5f\x61-\x7a]{20}"),
        (r"ab+c*", "ab"),
        (r"(?:a|(bc{2,3}))", "(?:a|(?:bc{2}))"),
        (r"x(?:y|z)*", "x"),
        (r"x(?:yz+){1,3}", "x(?:yz)"),
        (r"x(?:yz+){2,3}", "x(?:yz+){2}"),
        (r"x+\b", r"x+\b"),
        (r"x+$", "x+$"),
    ],
)
def test_the_last_repeat_is_cut_to_its_least(regex: str, narrow: str) -> None:
    superset = widen(regex)
    assert superset.forms[0].narrow == narrow


def test_only_ascii_letters_are_folded_in_ascii_classes() -> None:
    exact = compile_regex(widen("(?i)ask[a-z]").exact)
    assert exact.fullmatch(b"ASKK")
    assert exact.search("aſkk".encode()) is None
    assert exact.search("asK\N{KELVIN SIGN}".encode()) is None
    for regex in ("(?i:k)|s", "[Kk]|x", "(?i:(?:a|k)|s)", "(?:[sS]|k)[kK]?"):
        for strange in ("\N{KELVIN SIGN}", "ſ"):
            assert compile_regex(widen(regex).exact).search(strange.encode()) is None
    # A class that has other characters anyway keeps RE2's folding.
    assert compile_regex(widen("(?i)[^a-r]").exact).fullmatch("\N{KELVIN SIGN}".encode()) is None
    assert compile_regex(widen("(?i)[é-ñ]").exact).fullmatch("É".encode())


def test_groups_keep_their_numbers_and_names() -> None:
    exact = compile_regex(widen(r"(?i)(?P<k>k)(\Qs\E)(x)").exact)
    match = exact.search(b"KSX")
    assert match.groups() == (b"K", b"S", b"X")
    assert exact.groupindex == {b"k": 1}


def test_rough_forms_count_little_and_have_no_edges() -> None:
    forms = widen(r"^a{3,90}[^b]{5}$").forms
    assert [form.narrow for form in forms][1:] == [
        r"^a{3,}[\x00-\x61\x63-\x7f]{4,}$",
        r"a{3,}[\x00-\x61\x63-\x7f]{4,}",
    ]


def test_unknown_syntax_is_said() -> None:
    assert compile_regex(r"a\Cb").search(b"a\xffb")
    with pytest.raises(UnknownSyntaxError):
        widen(r"a\Cb")


@pytest.mark.parametrize("regex", ["a(", "[", r"(?=a)", r"\1", "a**", "\ud800"])
def test_a_regex_that_is_not_re2s_is_refused(regex: str) -> None:
    with pytest.raises(BadRegexError):
        compile_regex(regex)


def test_re2_keeps_the_context_around_a_search() -> None:
    """What ``confirm.py`` stands on, for any version of RE2."""
    for regex in (r"\bfoo", r"^foo", r"\Afoo", r"(?:^|,)foo"):
        assert compile_regex(regex).search(b"xxfoo", 2) is None
    for regex in (r"foo\b", r"foo$", r"foo(?:;|$)", r"(?m)foo$", r"foo\z"):
        assert compile_regex(regex).search(b"fooxx", 0, 3) is None
    assert compile_regex(r"(?m)^foo$").search(b"x\nfoo\ny", 2, 5).span() == (2, 5)


@pytest.mark.parametrize(
    "regex", [r"[^\s\w]", r"\pL", r"[[:punct:]k-é]", ".", r"[^\x00-\x{10ffff}]"]
)
def test_ascii_members_of_a_class_are_re2s(regex: str) -> None:
    (piece,), _ = read_pieces(regex)
    members = {one for one in range(128) if compile_regex(regex).fullmatch(bytes([one]))}
    body = compile_bytes_regex(f"[{piece.text}]") if piece.text else None
    assert {one for one in range(128) if body and body.fullmatch(bytes([one]))} == members
