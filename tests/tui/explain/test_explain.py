"""Everything that can be on the screen is explained: the words are collected from the code."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from wsinspect.model import connection as model_connection
from wsinspect.model import diagnosis as model_diagnosis
from wsinspect.model import events
from wsinspect.protocol import close_codes, extensions, frames, handshake, messages, reader
from wsinspect.protocol.opcodes import OPCODE_NAMES
from wsinspect.tui import explain
from wsinspect.tui.data.connection import State
from wsinspect.tui.explain import diagnoses
from wsinspect.tui.explain.explanation import SOURCE
from wsinspect.tui.explain.extensions import EXTENSIONS, PARAMETERS
from wsinspect.tui.explain.findings import severity
from wsinspect.tui.explain.framing import FLAGS
from wsinspect.tui.explain.violations import VIOLATIONS


def _strings(node: ast.AST | None) -> set[str]:
    """Every string constant below `node` that a reader would call a word."""
    if node is None:
        return set()
    found = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
    return {text for text in found if isinstance(text, str) and text}


class _Words(ast.NodeVisitor):
    """Strings that become a violation: assigned to one, given to `_breach`, returned as one."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {
            getattr(target, "id", getattr(target, "attr", ""))
            for target in node.targets
        }  # fmt: skip
        if "violation" in names:
            self.found |= _strings(node.value)
        if "shape" in names and isinstance(node.value, ast.Tuple):
            self.found |= _strings(node.value.elts[-1])
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("_breach", "CloseFacts"):
            self.found |= _strings(node.args[-1])
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if "violation" in node.name or node.name == "frame_begins":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return):
                    self.found |= _strings(inner.value)
        self.generic_visit(node)


def words_of(*modules: ModuleType) -> set[str]:
    visitor = _Words()
    for module in modules:
        visitor.visit(ast.parse(inspect.getsource(module)))
    return visitor.found


VIOLATION_WORDS = words_of(frames, messages, reader)


def test_the_collector_sees_words_of_every_form() -> None:
    assert {"rsv", "deflate", "after-close", "invalid-utf8", "close-length"} <= VIOLATION_WORDS
    assert "replace" not in VIOLATION_WORDS


def test_every_violation_is_explained_and_none_besides() -> None:
    assert set(VIOLATIONS) == VIOLATION_WORDS


def _cases() -> list[tuple[str, str]]:
    codes = [*close_codes.CLOSE_NAMES, 0, 999, 1016, 2999, 3001, 3999, 4000, 4999, 5000, 65535]
    cases: list[tuple[str, Any]] = [
        *(("close", code) for code in codes),
        *(("opcode", number) for number in range(16)),
        *(("flag", name) for name in FLAGS),
        *(("extension", name) for name in (*EXTENSIONS, extensions.PERMESSAGE_DEFLATE, "x-other")),
        *(("parameter", name) for name in (*PARAMETERS, "made_up")),
        *(("finding", code) for code in handshake.FINDINGS),
        *(("violation", word) for word in sorted(VIOLATION_WORDS)),
        *(("cause", word) for word in get_args(model_connection.Cause)),
        *(("initiator", word) for word in get_args(model_connection.Initiator)),
        *(("state", state.value) for state in State),
        *(("severity", word) for word in get_args(events.Severity)),
        *(("diagnosis", kind) for kind in get_args(model_diagnosis.Kind)),
        *(("disposition", word) for word in get_args(events.Disposition)),
    ]
    return [(kind, str(word)) for kind, word in cases]


@pytest.mark.parametrize(("kind", "word"), _cases())
def test_explained_with_a_sentence_and_its_source(kind: str, word: str) -> None:
    explanation = explain.of(kind, word)
    assert explanation is not None
    assert explanation.say[0].isupper() or explanation.say.startswith("permessage")
    assert explanation.say.rstrip().endswith(".")
    assert SOURCE.fullmatch(explanation.source), explanation.source
    assert explanation.title


def test_diagnoses_are_those_of_the_model_and_none_besides() -> None:
    assert set(diagnoses.KINDS) == set(get_args(model_diagnosis.Kind))


def test_documents_that_are_named_are_there() -> None:
    root = Path(__file__).parents[3]
    named = set()
    for kind, word in _cases():
        explanation = explain.of(kind, word)
        assert explanation is not None
        named |= {one for one in explanation.source.split("; ") if one.startswith("docs/")}
    assert named
    assert all((root / one).is_file() for one in named)


def test_parameters_are_those_of_the_protocol() -> None:
    named = {value for name, value in vars(extensions).items() if name.endswith(("OVER", "WINDOW"))}
    assert named == set(PARAMETERS)


@pytest.mark.parametrize("code", handshake.FINDINGS)
def test_every_finding_has_advice_and_its_sentence_names_no_source_twice(code: str) -> None:
    explanation = explain.of("finding", code)
    assert explanation is not None
    assert explanation.advice
    assert "RFC" not in explanation.say
    assert severity(code) in ("error", "notice")


@pytest.mark.parametrize(
    ("kind", "word"),
    [("close", "-1"), ("close", "70000"), ("close", "x"), ("opcode", "16"), ("violation", "no"),
     ("nothing", "x"), ("cause", ""), ("finding", "?")],
)  # fmt: skip
def test_what_is_unknown_has_no_explanation(kind: str, word: str) -> None:
    assert explain.of(kind, word) is None


def test_who_may_send_a_code() -> None:
    for code in (*close_codes.CLOSE_NAMES, 0, 999, 1016, 2999, 3001, 3999, 4000, 4999, 5000):
        explanation = explain.of("close", code)
        assert explanation is not None
        forbidden = "Nobody may send it." in explanation.say
        assert forbidden is not close_codes.is_valid_on_wire(code)


def test_reserved_opcodes_say_so() -> None:
    for number, name in enumerate(OPCODE_NAMES):
        explanation = explain.of("opcode", number)
        assert explanation is not None
        assert ("Reserved" in explanation.say) is name.startswith("unknown")


@pytest.mark.parametrize(
    ("source", "fits"),
    [("RFC 6455 §5.2", True), ("RFC 6455 §5.2; RFC 7692 §7.1.2.1", True), ("docs/log.md", True),
     ("RFC 6455 section 5.2", False), ("RFC 6455 §", False), ("RFC 6455 §5.", False), ("", False),
     ("IANA WebSocket Close Code Number Registry", True)],
)  # fmt: skip
def test_form_of_a_source(source: str, fits: bool) -> None:
    assert bool(SOURCE.fullmatch(source)) is fits
