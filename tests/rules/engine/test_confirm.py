"""What a match is: keyword, group, entropy, check, allow list, context."""

from __future__ import annotations

from typing import Literal

import pytest

from wsinspect.rules.detect.builtin import BUILTIN
from wsinspect.rules.detect.pattern import Context, Match, Pattern
from wsinspect.rules.engine import ANYWHERE, MAX_MATCHES, Scanner, regexes

Engine = Literal["hyperscan", "re2"]


@pytest.fixture(params=["hyperscan", "re2"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return "hyperscan" if request.param == "hyperscan" else "re2"


def found(engine: Engine, pattern: Pattern, data: bytes) -> list[bytes]:
    return [data[m.start : m.end] for m in Scanner([pattern], engine=engine).matches(data)]


def test_keywords_may_be_anywhere_and_in_any_case(engine: Engine) -> None:
    pattern = Pattern("p", r"\d{4}", keywords=("pin", "größe"))
    assert found(engine, pattern, b"1234 5678") == []
    assert found(engine, pattern, b"1234 PIN 5678") == [b"1234", b"5678"]
    assert found(engine, pattern, "GRÖSSE 1234".encode()) == []
    assert found(engine, pattern, "1234 GRÖßE".encode()) == [b"1234"]
    assert found(engine, pattern, b"1234 grosse") == []
    assert found(engine, Pattern("p", r"\d{4}", keywords=("a+b",)), b"A+B 1234") == [b"1234"]


@pytest.mark.parametrize(
    ("regex", "group", "expected"),
    [
        (r"k=(\w+)", 0, b"abc"),
        (r"k=\w+", 0, b"k=abc"),
        (r"(x?)k=(\w+)", 0, b"abc"),  # the first is empty
        (r"(x)?k=(\w+)", 0, b"abc"),  # the first is not there
        (r"(k)=(\w+)", 2, b"abc"),
        (r"(x)?k=\w+", 1, b"k=abc"),  # then it is all of the match
    ],
)
def test_the_secret_is_a_group(engine: Engine, regex: str, group: int, expected: bytes) -> None:
    assert found(engine, Pattern("p", regex, group=group), b"; k=abc;") == [expected]


def test_match_has_the_secret_and_the_whole(engine: Engine) -> None:
    scanner = Scanner([Pattern("p", r"k=(\w+);")], engine=engine)
    assert scanner.matches(b"  k=abc; k=d;") == [Match(0, 4, 7, 2, 8), Match(0, 11, 12, 9, 13)]


def test_entropy_must_be_above(engine: Engine) -> None:
    assert found(engine, Pattern("p", r"k=(\w+)", entropy=2.0), b"k=abcd k=abcde k=aaaa") == [
        b"abcde"
    ]
    two_bits = Pattern("p", r"k=([^;]+)", entropy=1.9)
    assert found(engine, two_bits, "k=éñöü;".encode()) == ["éñöü".encode()]
    assert found(engine, Pattern("p", "k=([^;]+)", entropy=2.1), "k=éñöü;".encode()) == []


def test_check_and_allowed_see_the_context(engine: Engine) -> None:
    seen: list[tuple[bytes, bytes, bytes]] = []

    def check(context: Context) -> bool:
        seen.append((context.secret, context.match, context.line))
        return context.secret != b"bad"

    def allowed(context: Context) -> bool:
        return b"test" in context.line

    pattern = Pattern("p", r"k=(\w{3})", check=check, allowed=(allowed,))
    assert found(engine, pattern, b"k=bad\nk=abc\nk=def test\nk=ghi") == [b"abc", b"ghi"]
    assert seen[0] == (b"bad", b"k=bad", b"k=bad")
    assert seen[2] == (b"def", b"k=def", b"k=def test")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("ssn 123-45", True),
        ("123-45 ssn", True),
        ("ssn:     123-45", True),
        ("ssn:       123-45", False),  # 11 characters before it
        ("123-45 no       ssn", False),
        ("ééé ssn é漢: 123-45", True),
        ("ssn éééééé 123-45", False),
        ("123-45 ééééé ssn", True),  # it ends 10 characters behind
        ("123-45 éééééé ssn", False),
        ("123-45", False),
        ("xssn 123-45", False),  # a word of its own is asked for
    ],
)
def test_near_counts_characters(engine: Engine, data: str, expected: bool) -> None:
    pattern = Pattern("p", r"\d{3}-\d{2}", near=(r"\bssn\b", "social"), within=10)
    assert bool(found(engine, pattern, data.encode())) is expected


def test_near_sees_what_else_is_in_the_match(engine: Engine) -> None:
    pattern = Pattern("p", r"\w+: (\d{3})", near=("ssn",), within=5)
    assert found(engine, pattern, b"ssn: 123, tel: 456") == [b"123"]
    assert found(engine, Pattern("p", "12", near=("a",), within=0), b"a12a") == []


def test_near_on_broken_utf8(engine: Engine) -> None:
    pattern = Pattern("p", r"\d{3}", near=("ssn",), within=6)
    assert found(engine, pattern, b"ssn\xff\xfe\xff123\xff") == [b"123"]
    assert found(engine, pattern, b"ssn\xff\xfe\xff\xff\xff\xff\xff123") == []


def test_matches_are_sorted_and_each_once(engine: Engine) -> None:
    patterns = [Pattern("b", "b+"), Pattern("abc", "abc|b"), Pattern("c", r"a(bc)")]
    scanner = Scanner(patterns, engine=engine)
    candidates, _ = scanner.scan(b"abcb")
    matches = scanner.confirm(b"abcb", candidates * 2)
    assert matches == [
        Match(1, 0, 3, 0, 3),
        Match(2, 1, 3, 0, 3),
        Match(0, 1, 2, 1, 2),
        Match(0, 3, 4, 3, 4),
        Match(1, 3, 4, 3, 4),
    ]


def test_greedy_and_lazy_are_re2s(engine: Engine) -> None:
    data = b"<a><bb> <c"
    assert found(engine, Pattern("p", "<.+>"), data) == [b"<a><bb>"]
    assert found(engine, Pattern("p", "<.+?>"), data) == [b"<a>", b"<bb>"]
    assert found(engine, Pattern("p", r"a\d{2,4}"), b"a1 a12 a123456") == [b"a12", b"a1234"]
    assert found(engine, Pattern("p", r"a\d{2,4}?"), b"a123456") == [b"a12"]


def test_two_hits_far_apart(engine: Engine) -> None:
    data = b"key-aaaa" + b" lorem ipsum" * 3000 + b"key-bbbb" + b"." * 5000 + b"key-cccccc"
    assert found(engine, Pattern("p", r"key-\w{4,}", max_len=8), data) == [
        b"key-aaaa",
        b"key-bbbb",
        b"key-cccccc",
    ]


def test_a_long_match_is_found_if_its_shortest_form_fits(engine: Engine) -> None:
    data = b"key-" + b"a" * 5000 + b" end"
    assert found(engine, Pattern("p", r"key-\w{4,}", max_len=8), data) == [data[:-4]]
    assert found(engine, Pattern("p", r"key-\w{4,} end", max_len=6000), data) == [data]


def test_no_candidates_no_matches() -> None:
    scanner = Scanner([Pattern("p", "a")])
    assert scanner.confirm(b"aaa", []) == []
    assert scanner.confirm(b"bbb", [(0, 2), (0, ANYWHERE)]) == []


def test_there_is_a_limit_and_it_is_told(engine: Engine) -> None:
    alone = Scanner([Pattern("p", "ab")], engine=engine)
    exact = alone.matches(b"ab " * MAX_MATCHES)
    assert len(exact) == MAX_MATCHES
    assert not exact.truncated
    more = alone.matches(b"ab " * (MAX_MATCHES + 1))
    assert more[:] == exact[:]
    assert more.truncated


def test_a_flood_of_one_kind_hides_no_other(engine: Engine) -> None:
    patterns = [Pattern("p", "ab"), Pattern("q", "zz"), Pattern("r", "cd"), Pattern("s", "no")]
    scanner = Scanner(patterns, engine=engine)
    matches = scanner.matches(b"ab " * 3000 + b"cd " * 3000 + b"zz")
    assert matches.truncated
    counts = [sum(match.pattern == index for match in matches) for index in range(4)]
    assert counts == [499, 1, 499, 0]
    few = scanner.matches(b"ab " * 900 + b"cd " * 20 + b"zz")
    assert len(few) == 921
    assert not few.truncated


def test_matches_that_fail_their_check_are_bounded_too(engine: Engine) -> None:
    calls = []

    def check(context: Context) -> bool:
        calls.append(context.start)
        return False

    pattern = Pattern("p", "ab", check=check)
    matches = Scanner([pattern], engine=engine).matches(b"ab " * 50_000)
    assert matches == []
    assert matches.truncated
    assert len(calls) < 5 * MAX_MATCHES


def test_nothing_of_the_payload_is_shown() -> None:
    context = Context(b"secret", 0, 6, 0, 6)
    assert "secret" not in repr(context)
    with pytest.raises(ZeroDivisionError) as caught:
        Scanner([Pattern("p", "secret", check=lambda _: bool(1 // 0))]).matches(b"my secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("regex", ["a(b)?(c*)", "x*", "^b|c$", "z"])
@pytest.mark.parametrize("span", [(0, 8), (1, 5), (3, 3), (8, 8)])
def test_finders_agree(regex: str, span: tuple[int, int]) -> None:
    """The quick way into RE2 and the one that another release of its wrapper would leave."""
    compiled = regexes.compile_regex(regex)
    quick, slow = regexes.finder(compiled), regexes._slow_finder(compiled)
    assert quick(b"abcaacbc", *span) == slow(b"abcaacbc", *span)


def test_without_the_quick_way() -> None:
    class Other:
        groups = 1

        def search(self, data: bytes, start: int, end: int) -> None:
            assert (data, start, end) == (b"ab", 0, 2)

    assert regexes.finder(Other())(b"ab", 0, 2) is None


@pytest.mark.parametrize("tail", ["i", "_", " "])
@pytest.mark.parametrize("gap", [0, 4000, 9000])
def test_what_closes_a_number_may_stand_behind_its_end(engine: Engine, tail: str, gap: int) -> None:
    number = "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"
    data = f"{number}{tail} {gap * '-'} {number}{tail} {gap * '-'}".encode()
    matches = Scanner(BUILTIN["credit-card"], engine=engine).matches(data)
    assert [data[one.start : one.end].decode() for one in matches] == [number] * 2
