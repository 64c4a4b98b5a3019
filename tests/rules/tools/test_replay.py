"""``rules replay``: what would have fired, by rule, with counts."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rules.tools.conftest import RuleWriter, quick_load
from wsinspect.rules.inspector import InspectionTimeout, Inspector
from wsinspect.rules.tools.capture import CapturedMessage, FlowReader, capture_facts
from wsinspect.rules.tools.replay import run_replay

CARD = "4111 1111 1111 1111"


def a_log(path: Path, *messages: tuple[int, str, str | None], cut: int = 0) -> Path:
    """(flow, direction, text); the longer ones than ``cut`` lose their end."""
    lines: list[dict[str, Any]] = []
    for flow in sorted({flow for flow, _, _ in messages}):
        opened = {"host": "chat.example" if flow == 1 else "else.example", "uri": "/ws?token=t0k3n"}
        lines.append({"event_type": "ws_open", "flow_id": flow, "open": opened})
    for number, (flow, direction, text) in enumerate(messages):
        body: dict[str, Any] = {
            "direction": direction, "opcode": "text", "payload_len": len(text or ""),
            "action": "pass",
        }  # fmt: skip
        if text is not None:
            body["preview"] = text[:cut] if cut else text
        lines.append(
            {
                "timestamp": f"2026-11-22T13:00:{number:02}.000000Z",
                "event_type": "ws_message",
                "flow_id": flow,
                "message": body,
            }
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def replay(
    capture: Path, rules: Path, *, as_json: bool = False, flows: FlowReader | None = None
) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run_replay(capture, [rules], out, err, as_json=as_json, flows=flows, loader=quick_load)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return a_log(
        tmp_path / "log.jsonl",
        (1, "to_server", "hello"),
        (1, "to_server", f"pay {CARD} or 5500 0000 0000 0004"),
        (2, "to_server", f"pay {CARD}"),
        (2, "to_client", f"paid {CARD}"),
        (1, "to_client", "a bluebird"),
        (2, "to_client", "a bluebird"),
        (2, "to_server", "now 4111 1111 "),
        (2, "to_server", "1111 1111"),
        (2, "to_client", "shy-1234"),
    )


class TestWords:
    def test_by_rule(self, capture: Path, rules: Path) -> None:
        code, out, err = replay(capture, rules)
        assert (code, err) == (0, "")
        summary, _, head, *rows = out.splitlines()
        assert summary == (
            f"{capture}: 9 messages on 2 connections;"
            " these rules would have passed 5, redacted 3, closed on 1"
        )
        assert head.split() == ["rule", "does", "found", "messages", "connections", "what", "first"]
        card, word, shy, _, silent = rows
        assert " ".join(card.split()) == (
            "card mask, keep last 4 4 3 2 credit-card 4"
            " 2026-11-22T13:00:01.000Z to_server chat.example/ws **** **** **** 1111"
        )
        assert word.split()[:5] == ["word", "close", "4001", "1", "1"]
        assert shy.split()[:4] == ["shy", "block", "(shadow)", "1"]
        assert silent == "never matched: often"

    def test_no_secret_and_no_token(self, capture: Path, rules: Path) -> None:
        for as_json in (False, True):
            _, out, _ = replay(capture, rules, as_json=as_json)
            for secret in ("4111", "5500", "bluebird", "shy-1", "t0k3n"):
                assert secret not in out

    def test_nothing_fires(self, tmp_path: Path, rules: Path) -> None:
        capture = a_log(tmp_path / "log", (1, "to_server", "hello"))
        code, out, _ = replay(capture, rules)
        assert code == 0
        assert out.splitlines()[-1] == "never matched: card word shy often"


class TestJson:
    def test_by_rule(self, capture: Path, rules: Path) -> None:
        code, out, _ = replay(capture, rules, as_json=True)
        body = json.loads(out)
        assert code == 0
        assert (body["messages"], body["connections"]) == (9, 2)
        assert body["actions"] == {"pass": 5, "redact": 3, "close": 1}
        card, word, shy, often = body["rules"]
        assert (card["findings"], card["messages"], card["connections"]) == (4, 3, 2)
        assert card["detectors"] == {"credit-card": 4}
        assert card["dispositions"] == {"redacted": 4}
        assert card["first"]["timestamp"] == "2026-11-22T13:00:01.000Z"
        assert word["dispositions"] == {"closed": 1}
        assert shy["dispositions"] == {"shadow": 1}
        assert (often["messages"], often["first"]) == (0, None)


class TestWhatIsMissing:
    def test_previews(self, tmp_path: Path, rules: Path) -> None:
        capture = a_log(tmp_path / "log", (1, "to_server", "hello " + CARD), cut=8)
        code, out, err = replay(capture, rules, as_json=True)
        assert code == 0
        assert json.loads(out)["cut"] == 1
        assert "1 message only in part" in err
        assert "--payloads full" in err

    def test_some_without_payload(self, tmp_path: Path, rules: Path) -> None:
        capture = a_log(tmp_path / "log", (1, "to_server", CARD), (1, "to_server", None))
        code, out, err = replay(capture, rules, as_json=True)
        assert code == 0
        assert json.loads(out)["without_payload"] == 1
        assert err == "1 message without payload, not looked at\n"

    def test_masked_by_the_rules_of_that_time(self, tmp_path: Path, rules: Path) -> None:
        capture = a_log(tmp_path / "log", (1, "to_server", "pay **** 1111"))
        capture.write_text(capture.read_text().replace('"action"', '"rules": ["card"], "action"'))
        code, out, err = replay(capture, rules, as_json=True)
        assert code == 0
        assert json.loads(out)["masked"] == 1
        assert err.startswith("1 message masked when recorded: ")

    def test_none_with_payload(self, tmp_path: Path, rules: Path) -> None:
        capture = a_log(tmp_path / "log", (1, "to_server", None))
        code, out, err = replay(capture, rules)
        assert (code, out) == (2, "")
        assert "no payloads in it – record with --record messages --payloads full" in err

    def test_no_messages(self, tmp_path: Path, rules: Path) -> None:
        capture = tmp_path / "log"
        capture.write_text('{"event_type":"stats"}\n')
        assert replay(capture, rules)[0] == 2

    @pytest.mark.parametrize("content", [None, b"", b"what", b'{"log":1}', b"9:flows"])
    def test_no_capture(self, tmp_path: Path, rules: Path, content: bytes | None) -> None:
        capture = tmp_path / "it"
        if content is not None:
            capture.write_bytes(content)
        code, out, err = replay(capture, rules)
        assert (code, out) == (2, "")
        assert err.startswith(f"{capture}: ")
        assert err.count("\n") == 1

    def test_broken_rules(self, capture: Path, write_rules: RuleWriter) -> None:
        path = write_rules("version: 1\n")
        assert replay(capture, path)[0] == 2

    def test_too_slow(self, capture: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def inspect(*_: object) -> None:
            raise InspectionTimeout

        monkeypatch.setattr(Inspector, "inspect", inspect)
        code, out, err = replay(capture, rules, as_json=True)
        assert code == 0
        assert json.loads(out)["unreadable"] == {"time": 9}
        assert "9 messages not read to the end, by the limit of time" in err


def test_time_is_the_capture_s(tmp_path: Path, write_rules: RuleWriter) -> None:
    rules = write_rules("""
        version: 1
        rules:
          - id: often
            find: { regex: "x" }
            threshold: { count: 3, per: connection, seconds: 1.5 }
            do: alert
    """)
    apart = a_log(tmp_path / "apart", (1, "to_server", "x x"), (2, "to_server", "x"))
    assert json.loads(replay(apart, rules, as_json=True)[1])["rules"][0]["findings"] == 0
    slow = a_log(tmp_path / "slow", *[(1, "to_server", "x")] * 5)  # one a second
    assert json.loads(replay(slow, rules, as_json=True)[1])["rules"][0]["findings"] == 0
    fast = tmp_path / "fast"
    fast.write_text(slow.read_text().replace(":01.0", ":00.5").replace(":02.0", ":00.9"))
    assert json.loads(replay(fast, rules, as_json=True)[1])["rules"][0]["findings"] == 1


def test_connections_of_one_time_count_together(tmp_path: Path, write_rules: RuleWriter) -> None:
    """A HAR file has one connection after the other; a threshold per host means the time."""
    rules = write_rules("""
        version: 1
        rules:
          - id: often
            find: { regex: "x" }
            threshold: { count: 3, per: host, seconds: 1.5 }
            do: alert
    """)
    entries = [
        {
            "request": {"url": "wss://chat.example/ws"},
            "response": {},
            "_webSocketMessages": [
                {"type": "send", "time": time + shift, "opcode": 1, "data": "x"}
                for time in (0, 10, 20)
            ],
        }
        for shift in (0.1, 0.2, 5)
    ]
    capture = tmp_path / "x.har"
    capture.write_text(json.dumps({"log": {"entries": entries}}))
    assert json.loads(replay(capture, rules, as_json=True)[1])["rules"][0]["findings"] == 0
    entries[2]["_webSocketMessages"][1]["time"] = 10.3  # type: ignore[index]
    capture.write_text(json.dumps({"log": {"entries": entries}}))
    assert json.loads(replay(capture, rules, as_json=True)[1])["rules"][0]["findings"] == 1


def test_har(tmp_path: Path, rules: Path) -> None:
    entry = {
        "request": {"url": "wss://chat.example/ws", "headers": []},
        "response": {"headers": []},
        "_webSocketMessages": [{"type": "receive", "time": 1, "opcode": 1, "data": "Bluebird"}],
    }
    capture = tmp_path / "x.har"
    capture.write_text(json.dumps({"log": {"entries": [entry]}}))
    body = json.loads(replay(capture, rules, as_json=True)[1])
    assert body["rules"][1]["dispositions"] == {"closed": 1}


def test_flows(tmp_path: Path, rules: Path) -> None:
    capture = tmp_path / "x.mitm"
    capture.write_bytes(b"5:hello,")

    def flows(_: Path) -> Iterator[CapturedMessage]:
        facts = capture_facts(host="h", path="/")
        yield CapturedMessage("id", facts, "to_server", "binary", CARD.encode(), 10**18)

    body = json.loads(replay(capture, rules, as_json=True, flows=flows)[1])
    assert body["rules"][0]["findings"] == 1


def test_a_host_is_no_terminal_command(tmp_path: Path, rules: Path) -> None:
    capture = a_log(tmp_path / "log", (2, "to_server", CARD))
    capture.write_text(capture.read_text().replace("else.example", "\\u001b[31mred"))
    _, out, _ = replay(capture, rules)
    assert "\x1b" not in out
    assert "\\u001b[31mred/ws" in out
