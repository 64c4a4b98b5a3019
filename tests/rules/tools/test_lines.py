"""The lines of ``rules scan``: reading them and answering them."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsinspect.rules.tools.lines import (
    BadLine,
    Question,
    answer,
    bad_answer,
    read_lines,
    read_question,
)


def question(**said: Any) -> Question:
    return read_question(json.dumps(said).encode())


class TestReadQuestion:
    def test_defaults(self) -> None:
        asked = question(text="hé")
        assert asked.payload == "hé".encode()
        assert (asked.direction, asked.opcode, asked.connection) == ("to_server", "text", None)
        assert asked.is_text
        assert asked.facts == {}

    def test_base64_is_binary(self) -> None:
        asked = question(base64=base64.b64encode(b"\xff\x00").decode())
        assert (asked.payload, asked.opcode, asked.is_text) == (b"\xff\x00", "binary", False)

    def test_all_that_may_be_said(self) -> None:
        asked = question(
            text="", direction="to_client", host="h", path="/p", subprotocol="s", origin="o",
            client="c", opcode="close", connection=7,
        )  # fmt: skip
        assert (asked.direction, asked.opcode, asked.connection) == ("to_client", "close", 7)
        assert asked.facts == {
            "host": "h", "path": "/p", "subprotocol": "s", "origin": "o", "client": "c",
        }  # fmt: skip

    def test_null_is_not_said(self) -> None:
        asked = question(text="a", base64=None, direction=None, host=None, connection=None)
        assert (asked.payload, asked.direction, asked.facts) == (b"a", "to_server", {})

    def test_a_stranger_s_key_is_his_own(self) -> None:
        assert question(text="a", id=1, label={"deep": [1]}).payload == b"a"

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            (b"", "not JSON"),
            (b'{"text":"AKIA', "not JSON"),
            (b"\xff", "not JSON"),
            (b'{"text":"\xff"}', "not UTF-8"),
            (b'{"text":"\\ud800"}', "not JSON"),
            (b'{"text":"a"} {}', "not JSON"),
            (b"[" * 100_000, "not JSON"),
            (b'["AKIA"]', "not an object"),
            (b"null", "not an object"),
            (b"{}", "either text or base64"),
            (b'{"text":"AKIA","base64":"QUtJQQ=="}', "either text or base64"),
            (b'{"text":7}', "text is not a text"),
            (b'{"base64":["AKIA"]}', "base64 is not a text"),
            (b'{"base64":"AKIA!"}', "base64 is not base64"),
            (b'{"base64":"QUtJQQ"}', "base64 is not base64"),
            ('{"base64":"é"}'.encode(), "base64 is not base64"),
            (b'{"text":"a","direction":"AKIA"}', "direction is not one of to_server to_client"),
            (b'{"text":"a","direction":[]}', "direction is not one of"),
            (b'{"text":"a","opcode":1}', "opcode is not one of text binary ping pong close"),
            (b'{"text":"a","host":7}', "host is not a text"),
            (b'{"text":"a","connection":true}', "connection is not"),
            (b'{"text":"a","connection":["AKIA"]}', "connection is not"),
            (b'{"text":"a","conection":"AKIA"}', "did you mean connection?"),
            (b'{"Text":"AKIA"}', "did you mean text?"),
        ],
    )
    def test_broken(self, line: bytes, why: str) -> None:
        with pytest.raises(BadLine) as caught:
            read_question(line)
        assert why in str(caught.value)
        assert "AKIA" not in str(caught.value)
        assert json.loads(bad_answer(str(caught.value))) == {"error": str(caught.value)}

    @given(st.binary(max_size=200))
    def test_bytes_are_a_question_or_a_bad_line(self, line: bytes) -> None:
        try:
            asked = read_question(line)
        except BadLine:
            return
        assert isinstance(asked.payload, bytes)

    def test_a_repr_without_payload(self) -> None:
        assert "secret" not in repr(question(text="secret"))


class TestReadLines:
    def test_as_they_are(self) -> None:
        assert list(read_lines(io.BytesIO(b"a\n\r\n\nb"))) == [b"a", b"\r", b"", b"b"]
        assert list(read_lines(io.BytesIO(b""))) == []
        assert list(read_lines(io.BytesIO(b"a\n"))) == [b"a"]

    @pytest.mark.parametrize("end", [b"", b"\n"])
    def test_the_limit(self, end: bytes) -> None:
        assert list(read_lines(io.BytesIO(b"x" * 8 + end), limit=8)) == [b"x" * 8]
        assert list(read_lines(io.BytesIO(b"x" * 9 + end), limit=8)) == [None]

    def test_the_line_after_a_long_one(self) -> None:
        source = io.BytesIO(b"x" * (3 << 20) + b"\nb\n")
        assert list(read_lines(source, limit=8)) == [None, b"b"]

    @given(st.lists(st.binary(max_size=20)), st.integers(1, 20))
    def test_one_for_one(self, lines: list[bytes], limit: int) -> None:
        lines = [line.replace(b"\n", b"") for line in lines]
        source = io.BytesIO(b"".join(line + b"\n" for line in lines))
        wanted = [line if len(line) <= limit else None for line in lines]
        assert list(read_lines(source, limit)) == wanted


class TestAnswer:
    def test_the_contract_s_form(self) -> None:
        line = answer(question(text="a"), "redact", b"h\xc3\xa9", [("r", "d", "$", 1, 2)])
        assert line.endswith(b"}\n")
        assert json.loads(line) == {
            "action": "redact",
            "output": "hé",
            "findings": [{"rule": "r", "detector": "d", "path": "$", "start": 1, "end": 2}],
        }

    def test_output_in_the_input_s_form(self) -> None:
        asked = question(base64="/w==")
        assert json.loads(answer(asked, "redact", b"\xfe", []))["output"] == "/g=="
        assert json.loads(answer(asked, "pass", None, []))["output"] is None

    def test_a_text_may_hold_line_ends(self) -> None:
        line = answer(question(text="a"), "redact", "a\nb\u2028c".encode(), [])
        assert line.count(b"\n") == 1

    def test_bytes_where_text_was_asked(self) -> None:
        with pytest.raises(BadLine, match="ask with base64"):
            answer(question(text="a"), "redact", b"\xff", [])
