"""From a field's operator and value to a test of the thing itself. One small maker a kind.

A maker gets (operator, value) and gives a function of two arguments: (connection, now_ns) or
(entry, connection). What it cannot make sense of it tells by `Wrong`.
"""

import ipaddress
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from wsinspect.dissect import summarize
from wsinspect.dissect.reading import MISSING, json_of
from wsinspect.protocol.close_codes import CLOSE_NAMES
from wsinspect.tui.find import subjects
from wsinspect.tui.find.matching import content_test, is_smart, kept, name_test
from wsinspect.tui.find.syntax import Value
from wsinspect.tui.find.values import Number, Span, span, whole

type Test = Callable[[Any, Any], bool]
type Maker = Callable[[str, Value], Test]

ORDERINGS: Final = frozenset({">", ">=", "<", "<="})


class Wrong(ValueError):
    """A value that a field does not take."""

    def __init__(self, say: str, hint: str = "") -> None:
        super().__init__(say)
        self.say = say
        self.hint = hint


def only_equal(operator: str, what: str) -> None:
    if operator in ORDERINGS:
        raise Wrong(f"{what} has no order, so {operator} says nothing", "write : in its place")


# --- texts ---


def name(get: Callable[[Any], str]) -> Maker:
    def make(operator: str, value: Value) -> Test:
        only_equal(operator, "a text")
        test = name_test(operator, value)
        return lambda subject, _: test(get(subject))

    return make


def names(get: Callable[[Any], Collection[str]]) -> Maker:
    """Any of several texts."""

    def make(operator: str, value: Value) -> Test:
        only_equal(operator, "a text")
        test = name_test(operator, value)
        return lambda subject, _: any(map(test, get(subject)))

    return make


def host(operator: str, value: Value) -> Test:
    """With its port or without."""
    only_equal(operator, "a host")
    plain = name_test(operator, value)
    test = kept(lambda name: plain(name) or plain(subjects.without_port(name)))
    return lambda connection, _: test(connection.facts.host or connection.server)


def address(get: Callable[[Any], str]) -> Maker:
    """A text, or a network as in 10.0.0.0/8."""

    def make(operator: str, value: Value) -> Test:
        only_equal(operator, "an address")
        if "/" not in value.text or value.regex:
            return name(get)(operator, value)
        try:
            network = ipaddress.ip_network(value.text, strict=False)
        except ValueError:
            raise Wrong(f"{value.text} is no network", "as in 10.0.0.0/8") from None
        test = kept(lambda text: _ip(subjects.without_port(text)) in network)
        return lambda subject, _: test(get(subject))

    return make


def _ip(text: str) -> Any:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ipaddress.ip_address("::")  # in no network that people ask for


# --- numbers ---


def number(get: Callable[[Any, Any], float | None], read: Number, example: str) -> Maker:
    """`exact` numbers may be asked for with `:`; None is never found."""

    def make(operator: str, value: Value) -> Test:
        found = span(operator, value.text, read)
        if found is None:
            raise Wrong(f"{value.text} is no number here", f"as in {example}")
        return _compared(get, found)

    return make


def _compared(get: Callable[[Any, Any], float | None], asked: Span) -> Test:
    """The test with as few calls as it takes: it runs for each of ten thousand rows."""
    low, high = asked.low, asked.high

    def above(subject: Any, other: Any) -> bool:
        got = get(subject, other)
        return got is not None and got > low

    def below(subject: Any, other: Any) -> bool:
        got = get(subject, other)
        return got is not None and got < high

    if asked.low_open:
        return above
    if asked.high_open:
        return below
    test = asked.test()

    def within(subject: Any, other: Any) -> bool:
        got = get(subject, other)
        return got is not None and test(got)

    return within


def measured(get: Callable[[Any, Any], float | None], read: Number, example: str) -> Maker:
    """A number that is never exactly something: ages, rates."""
    inner = number(get, read, example)

    def make(operator: str, value: Value) -> Test:
        if operator not in ORDERINGS and read(value.text) is not None:
            raise Wrong("that is measured, and hardly ever exactly so", f"as in {example}")
        return inner(operator, value)

    return make


def seq(operator: str, value: Value) -> Test:
    """A message has all the numbers of its frames."""
    found = span(operator, value.text, whole)
    if found is None:
        raise Wrong(f"{value.text} is no sequence number", "as in seq:10-20")
    low, high = _inclusive(found)

    def matches(entry: Any, _: Any) -> bool:
        first, last = subjects.seqs(entry)
        return first <= high and last >= low

    return matches


def _inclusive(asked: Span) -> tuple[float, float]:
    return asked.low + asked.low_open, asked.high - asked.high_open


# --- choices ---


def choice[T](
    what: str, meaning: Mapping[str, T], test: Callable[[T], Test], article: str = "a"
) -> Maker:
    """One word of a few."""

    def make(operator: str, value: Value) -> Test:
        only_equal(operator, f"{article} {what}")
        meant = meaning.get(value.text.lower().replace("-", "_"), meaning.get(value.text.lower()))
        if meant is None:
            raise Wrong(f"{value.text} is no {what}", nearest_of(value.text, meaning))
        return test(meant)

    return make


def nearest_of(text: str, known: Collection[str]) -> str:
    """`did you mean …?`, or all that there is."""
    near = nearest(text, known)
    return f"did you mean {near}?" if near else f"one of {', '.join(known)}"


def nearest(text: str, known: Collection[str]) -> str:
    import difflib  # rarely needed

    lower = text.lower()[:40]
    for each in known:
        if len(lower) > 1 and each.startswith(lower):
            return each
    close = difflib.get_close_matches(lower, known, n=1, cutoff=0.6)
    return close[0] if close else ""


def opcode(operator: str, value: Value) -> Test:
    only_equal(operator, "an opcode")
    lower = value.text.lower()
    wanted = subjects.OPCODES.get(lower)
    if wanted is None:
        code = whole(value.text)
        if code is None or not 0 <= code <= 15:
            raise Wrong(
                f"{value.text} is no opcode", nearest_of(value.text, subjects.OPCODES)
            )  # fmt: skip
        wanted = (int(code),)
    codes = frozenset(wanted)
    if codes == {0}:  # also messages in which there are some
        return lambda entry, _: entry.opcode == 0 or subjects.opcodes(entry)[1]
    return lambda entry, _: entry.opcode in codes


def close_words() -> dict[str, int]:
    """Every registered name as one word: `going-away`."""
    return {name.lower().replace(" ", "-"): code for code, name in CLOSE_NAMES.items()}


def close(operator: str, value: Value) -> Test:
    """1006, 4000-4999, >=4000, abnormal."""
    lower = value.text.lower()
    if lower in ("*", "any"):
        return lambda connection, _: subjects.close_code(connection) is not None
    found = span(operator, value.text, whole)
    if found is None:
        codes = frozenset(c for word, c in close_words().items() if word.startswith(lower))
        if not codes:
            codes = frozenset(c for word, c in close_words().items() if lower in word)
        if not codes:
            first = {word.partition("-")[0]: word for word in reversed(close_words())}
            near = nearest(lower, close_words()) or first.get(nearest(lower, first), "")
            hint = f"did you mean {near}?" if near else "as in close:1006"
            raise Wrong(f"{value.text} is no close code", hint)
        return lambda connection, _: subjects.close_code(connection) in codes
    test = found.test()

    def matches(connection: Any, _: Any) -> bool:
        code = subjects.close_code(connection)
        return code is not None and test(code)

    return matches


# --- content ---


def content(operator: str, value: Value) -> Test:
    only_equal(operator, "text")
    test = content_test(operator, value)

    def matches(entry: Any, _: Any) -> bool:
        payload = entry.content
        return payload is not None and test(payload)

    return matches


def call(operator: str, value: Value) -> Test:
    """The id by which an application ties a reply to its request."""
    only_equal(operator, "an id")
    test = name_test("=" if not value.regex else operator, value)
    needle = value.text.encode()

    def matches(entry: Any, connection: Any) -> bool:
        payload = entry.content
        app = connection.app if connection is not None else ""
        if payload is None or (app != "mqtt" and not value.regex and needle not in payload):
            return False
        key = summarize(app, entry.opcode, payload).id
        return key is not None and test(key)

    return matches


def json_value(steps: list[str | int]) -> Maker:
    """`operator` "" asks whether there is such a value."""
    last = steps[-1] if steps else ""
    needle = last.encode() if isinstance(last, str) and last != "*" and last.isalnum() else b""

    def make(operator: str, value: Value) -> Test:
        test = _json_test(operator, value)

        def matches(entry: Any, _: Any) -> bool:
            payload = entry.content
            if payload is None or (needle and needle not in payload):
                return False
            found = json_of(payload)
            return found is not MISSING and any(map(test, _walk(found, steps)))

        return matches

    return make


def _walk(value: Any, steps: list[str | int]) -> list[Any]:
    found = [value]
    for step in steps:
        inner: list[Any] = []
        for each in found:
            if step == "*":
                inner += list(each.values()) if isinstance(each, dict) else []
                inner += each if isinstance(each, list) else []
            elif isinstance(step, int):
                inner += each[step : step + 1] if isinstance(each, list) else []
            elif isinstance(each, dict) and step in each:
                inner.append(each[step])
        found = inner
    return found


def _json_test(operator: str, value: Value) -> Callable[[Any], bool]:
    if operator == "":
        return lambda _: True
    if operator in ORDERINGS:
        try:
            number = float(value.text)
        except ValueError:
            raise Wrong(f"{value.text} is no number", "as in $.price>9.5") from None
        test = Span(**_BOUNDS[operator](number)).test()
        return lambda got: isinstance(got, int | float) and type(got) is not bool and test(got)
    if operator == "~" or (operator == ":" and "*" in value.text and not value.quoted):
        match = name_test(operator, value)
        return lambda got: match(_shown(got))
    text, smart = value.text, is_smart(value.text)
    return lambda got: (_shown(got).lower() if smart else _shown(got)) == text or _same(got, text)


_BOUNDS: Final[dict[str, Callable[[float], dict[str, Any]]]] = {
    ">": lambda n: {"low": n, "low_open": True},
    ">=": lambda n: {"low": n},
    "<": lambda n: {"high": n, "high_open": True},
    "<=": lambda n: {"high": n},
}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else ""


def _same(value: Any, text: str) -> bool:
    """2 is 2.0."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return bool(value == float(text))
    except (ValueError, OverflowError):
        return False
