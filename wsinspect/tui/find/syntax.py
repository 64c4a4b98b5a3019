"""The filter language's grammar: text -> tree. Knows no field and no connection.

    any   := all (("or" | "|") all)*
    all   := one (["and" | "&"] one)*
    one   := ("not" | "!" | "-") one | "(" any ")" | term | word
    term  := name operator value       operator: : = == != ~ !~ > >= < <=
    value := bare | "quoted" | /pattern/ (behind ~) | "(" value ("|" | "," | " ") value … ")"

What is not finished yet (`host:`, an open quote or parenthesis, a last `or`) is no error: the term
is `Pending` and says nothing.
"""

import re
from dataclasses import dataclass
from typing import Final

TEXT_MAX: Final = 4_000
DEPTH_MAX: Final = 40
TERMS_MAX: Final = 100
_KEYWORDS: Final = {"and": "and", "or": "or", "not": "not"}
_SIGNS: Final = {"&&": "and", "&": "and", "||": "or", "|": "or"}

_SPACE: Final = re.compile(r"\s*")
_JSON_STEPS: Final = r"(?:\.[\w-]+|\.\*|\[(?:[0-9]{1,6}|\*|\"[^\"]*\")\])"
_TERM: Final = re.compile(
    rf"((?:\$|json(?=[.\[])){_JSON_STEPS}*|[A-Za-z][\w-]*)(!=|!~|==|>=|<=|=|:|~|>|<)"
)
_JSON_ALONE: Final = re.compile(rf"(?:\$|json(?=[.\[])){_JSON_STEPS}+(?=[\s()|]|\Z)")
_BARE: Final = re.compile(r"[^\s()|]+")
_ITEM: Final = re.compile(r"[^\s()|,]+")


class FilterError(ValueError):
    """`say` is one sentence for people, `start` to `end` the place, `hint` a way out or empty."""

    def __init__(self, say: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(f"{say} – {hint}" if hint else say)
        self.say = say
        self.start = start
        self.end = max(end, start + 1)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    start: int
    end: int
    quoted: bool = False
    regex: bool = False
    flags: str = ""  # of a pattern: i


@dataclass(frozen=True, slots=True)
class Term:
    """`values` are alternatives; none: it waits for one (or, of a JSON path, just asks for it)."""

    name: str
    operator: str
    values: tuple[Value, ...]
    start: int
    end: int
    name_end: int


@dataclass(frozen=True, slots=True)
class Word:
    value: Value


@dataclass(frozen=True, slots=True)
class Pending:
    """Something unfinished: unknown of everything."""

    say: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    of: "Node"


@dataclass(frozen=True, slots=True)
class All:
    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    of: tuple["Node", ...]


type Node = Word | Term | Pending | Not | All | Any


def read(text: str, typing: bool = False) -> Node | None:
    """The tree, None of a text of spaces. Raises FilterError.

    With `typing` an open end is unfinished; otherwise too, but a lone `(` or `or` is told.
    """
    if len(text) > TEXT_MAX:
        raise FilterError(f"a filter has at most {TEXT_MAX:,} characters", TEXT_MAX, len(text))
    reader = _Reader(text, typing)
    if reader.at_end():
        return None
    node = reader.any_of(0)
    if not reader.at_end():
        at = reader.at
        raise FilterError("this ) closes nothing", at, at + 1, "take it away, or put ( before")
    return node


class _Reader:
    def __init__(self, text: str, typing: bool) -> None:
        self.text = text
        self.typing = typing
        self.at = 0
        self.terms = 0

    def at_end(self) -> bool:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at >= len(self.text)

    def _keyword(self) -> tuple[str, int]:
        """The keyword that stands here and where it ends; "" where there is none."""
        for sign in ("&&", "||", "&", "|"):
            if self.text.startswith(sign, self.at):
                return _SIGNS[sign], self.at + len(sign)
        found = _BARE.match(self.text, self.at)
        name = _KEYWORDS.get(found[0].lower(), "") if found else ""
        return name, found.end() if found and name else self.at

    def any_of(self, depth: int) -> Node:
        nodes = [self.all_of(depth)]
        while not self.at_end():
            keyword, end = self._keyword()
            if keyword != "or":
                break
            self.at = end
            nodes.append(self.all_of(depth))
        return nodes[0] if len(nodes) == 1 else Any(tuple(nodes))

    def all_of(self, depth: int) -> Node:
        nodes = [self.one(depth)]
        while not self.at_end() and self.text[self.at] != ")":
            keyword, end = self._keyword()
            if keyword == "or":
                break
            if keyword == "and":
                self.at = end
            nodes.append(self.one(depth))
        return nodes[0] if len(nodes) == 1 else All(tuple(nodes))

    def one(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise FilterError("too many parentheses in each other", self.at, self.at + 1)
        if self.at_end():
            return self._unfinished("something has to follow", len(self.text.rstrip()))
        keyword, end = self._keyword()
        if keyword in ("and", "or"):
            if self.typing and end >= len(self.text):
                start, self.at = self.at, end  # it may become a name
                return Pending(f"{keyword}…", start, end)
            raise FilterError(f"something has to stand before {keyword}", self.at, end)
        sign = self.text[self.at]
        if keyword == "not" or sign == "!":
            self.at = end if keyword else self.at + 1
            return Not(self.one(depth + 1))
        following = self.text[self.at + 1 : self.at + 2]
        if sign == "-" and (not following or not following.isspace()):
            self.at += 1
            return Not(self.one(depth + 1))
        if sign == "(":
            return self._group(depth)
        if sign == ")":
            raise FilterError("there is nothing before this )", self.at, self.at + 1)
        return self._term()

    def _unfinished(self, say: str, end: int) -> Pending:
        if not self.typing:
            raise FilterError(say, max(0, end - 1), end)
        return Pending(say, max(0, end - 1), end)

    def _group(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        if self.at_end():
            return self._unfinished("something has to follow", self.at)
        node = self.any_of(depth + 1)
        if self.at_end():
            if not self.typing:
                raise FilterError("this ( is not closed", start, start + 1, "put ) at the end")
            return node
        self.at += 1
        return node

    def _term(self) -> Node:
        start = self.at
        self.terms += 1
        if self.terms > TERMS_MAX:
            raise FilterError(f"a filter has at most {TERMS_MAX} terms", start, start + 1)
        found = _TERM.match(self.text, start)
        if found is None:
            alone = _JSON_ALONE.match(self.text, start)
            if alone is not None:
                self.at = alone.end()
                return Term(alone[0], "", (), start, self.at, self.at)
            value = self._quoted() if self.text[start] == '"' else self._bare(_BARE)
            return Word(value)
        name, operator = found[1], found[2]
        self.at = found.end()
        if self.at >= len(self.text) or self.text[self.at].isspace() or self.text[self.at] == ")":
            return Term(name, operator, (), start, self.at, found.end(1))
        negated = operator in ("!=", "!~")
        if negated:
            operator = "=" if operator == "!=" else "~"
        values = self._values(operator)
        term = Term(name, operator, values, start, self.at, found.end(1))
        return Not(term) if negated else term

    def _values(self, operator: str) -> tuple[Value, ...]:
        if self.text[self.at] != "(":
            return (self._value(operator, _BARE),)
        start = self.at
        self.at += 1
        values: list[Value] = []
        while not self.at_end() and self.text[self.at] != ")":
            if self.text[self.at] in "|,":
                self.at += 1
            elif self.text[self.at] == "(":
                raise FilterError("no ( within a list of values", self.at, self.at + 1)
            else:
                value = self._value(operator, _ITEM)
                if value.quoted or value.text.lower() != "or":
                    values.append(value)
        if self.at < len(self.text):
            self.at += 1
        elif not self.typing:
            raise FilterError("this ( is not closed", start, start + 1, "put ) at the end")
        return tuple(values)

    def _value(self, operator: str, bare: "re.Pattern[str]") -> Value:
        sign = self.text[self.at]
        if sign == '"':
            return self._quoted()
        if sign == "/" and operator == "~":
            return self._pattern()
        return self._bare(bare)

    def _bare(self, shape: "re.Pattern[str]") -> Value:
        found = shape.match(self.text, self.at)
        if found is None:
            raise FilterError("a value is missing here", self.at, self.at + 1)
        start, self.at = self.at, found.end()
        return Value(found[0], start, self.at)

    def _quoted(self) -> Value:
        start = self.at
        self.at += 1
        letters: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != '"':
            if self.text[self.at] == "\\" and self.at + 1 < len(self.text):
                self.at += 1
            letters.append(self.text[self.at])
            self.at += 1
        if self.at < len(self.text):
            self.at += 1
        elif not self.typing:
            raise FilterError("this quote is not closed", start, start + 1, 'put " at the end')
        return Value("".join(letters), start, self.at, quoted=True)

    def _pattern(self) -> Value:
        start = self.at
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != "/":
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at = min(self.at, len(self.text))
        pattern = self.text[start + 1 : self.at]
        if self.at >= len(self.text):
            if not self.typing:
                raise FilterError(
                    "this pattern is not closed", start, start + 1, "put / at its end"
                )
            return Value(pattern, start, self.at, regex=True, flags="?")
        self.at += 1
        flags_start = self.at
        while self.at < len(self.text) and self.text[self.at].isalpha():
            self.at += 1
        flags = self.text[flags_start : self.at]
        if flags not in ("", "i"):
            hint = "only i (any case) stands behind a pattern"
            raise FilterError(f"unknown flag {flags}", flags_start, self.at, hint)
        return Value(pattern.replace("\\/", "/"), start, self.at, regex=True, flags=flags)
