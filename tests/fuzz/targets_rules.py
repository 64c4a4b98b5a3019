"""Targets of ``wsinspect.rules``: no surprise, whatever a message or a rule file says.

Redaction must keep a text text and JSON JSON, and what it took out must be gone.
"""

import functools
import json
import tempfile
from pathlib import Path

from wsinspect.rules.finding import Inspection
from wsinspect.rules.inspector import Inspector
from wsinspect.rules.language.problems import RuleFileError
from wsinspect.rules.language.read import read_text
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.ruleset import load_rules
from wsinspect.rules.views import DECODE_NAMES, expand, rebuild
from wsinspect.rules.views.signs import signs

_ALONE = ("credit-card", "aws-access-key")
_CARD = "4111 1111 1111 1111"
_RULES = r"""
rules:
  - { id: card, find: { detector: [credit-card, aws-access-key] }, do: { mask: { keep_last: 4 } } }
  - { id: word, find: { words: [sesame], near: [open], within: 20 }, do: redact }
  - { id: leaf, find: { json: "$..password", regex: ".+" }, do: hash }
  - { id: edge, find: { regex: "^begin[a-z]+$" }, do: redact }
"""
_ENVELOPES = (
    '{"a":"pay %s now"}',
    '{"a":"{\\"b\\":\\"%s\\"}","password":"open sesame"}',
    '42["event",{"n":"%s"}]',
    'a["{\\"x\\":\\"%s\\"}"]',
    "card=4111%%201111%%201111%%201111&x=%s",
    "&#52;111 1111 1111 1111 \\u0034111 1111 1111 1111 %s",
    "NDExMSAxMTExIDExMTEgMTExMQ== open sesame %s",
    "beginhere",
)


@functools.cache
def _inspector() -> Inspector:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.yaml"
        file.write_text(_RULES)
        return Inspector(load_rules([file], engine="re2"))


def fuzz_inspect(data: bytes) -> None:
    """Input: a message; the first byte's lowest bit says whether it is text."""
    if not data:
        return
    opcode, payload = ("text", "binary")[data[0] & 1], data[1:]
    inspector = _inspector()
    inspection = inspector.inspect(
        inspector.scope(ConnectionFacts(), "to_server"), payload, opcode, 1
    )
    for finding in inspection.findings:
        assert 0 <= finding.start <= finding.end
        assert finding.start_char <= finding.end_char
    assert (inspection.output is not None) == (inspection.action == "redact")
    shown = inspector.masked(inspection)
    for output in (inspection.output, shown):
        if output is None:
            continue
        if opcode == "text" and _decodes(payload):
            output.decode()
        if _is_json(payload):
            assert _is_json(output)
        if inspection.sightings:
            fresh = inspector.scope(ConnectionFacts(), "to_server")
            again = inspector.inspect(fresh, output, opcode, 1)
            found = _numbers(inspection)
            if len(inspection.sightings) == 1:  # of two that overlap only one is seen at a time
                assert not _numbers(again) & found


def _numbers(inspection: Inspection) -> set[bytes]:
    """What was found by itself, whatever stands near it."""
    return {one.secret for one in inspection.sightings if one.detector in _ALONE}


def seed_inspect() -> list[bytes]:
    """A card number in all sorts of envelopes, and other things to find."""
    return [
        bytes([kind]) + (text % _CARD).encode() if "%s" in text else bytes([kind]) + text.encode()
        for text in _ENVELOPES
        for kind in (0, 1)
    ]


def fuzz_views(data: bytes) -> None:
    """Input: a message. Untouched it is rebuilt as it was; every view can be asked for its path."""
    for text in (True, False):
        expansion = expand(data, text=text, decode=DECODE_NAMES, signs=signs)
        assert rebuild(expansion, {}) == data
        for view in expansion.views:
            assert view.path
            if view.text:
                view.data.decode()


def seed_views() -> list[bytes]:
    return [seed[1:] for seed in seed_inspect()[::2]]


def fuzz_rule_file(data: bytes) -> None:
    """Input: a rule file. It can be read, or every problem has its place."""
    problems = None
    try:
        read_text(
            data.decode("utf-8", "replace"),
            "fuzz.yaml",
            known_detectors=["credit-card", "aws-access-key"],
            pack_ids=lambda *_: ["one"],
        )
    except RuleFileError as error:
        problems = error.problems
    if problems is not None:
        assert problems
        for problem in problems:
            assert problem.line >= 1
            assert "\n" not in str(problem)


def seed_rule_file() -> list[bytes]:
    sample = Path(__file__).parents[1] / "rules" / "data" / "facts" / "sample_rules.yaml"
    return [_RULES.encode(), sample.read_bytes()]


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
