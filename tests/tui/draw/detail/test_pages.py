"""Every tab: what it says of the story, and that nothing it draws can harm the terminal."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.detail_story import CARD, ORDER_LEN, told
from tests.support.fake_story import NS, T0_NS
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Entry, Gap, Message
from wsinspect.tui.data.wire import (
    AlertFacts,
    Candidate,
    CloseFacts,
    DiagnosisFacts,
    Finding,
    Frame,
    Hit,
    OpenFacts,
    Payload,
)
from wsinspect.tui.draw.detail import tabs
from wsinspect.tui.draw.detail.page import Page
from wsinspect.tui.draw.detail.pages import page_for
from wsinspect.tui.draw.detail.subject import Subject
from wsinspect.tui.draw.palette import NIGHT, palette_of, plain

P = plain()


def text_of(page: Page, width: int = 200, lines: int = 400) -> str:
    page.reach(lines)
    shown = range(min(lines, page.count()))
    return "\n".join("".join(s.text for s in page.line(i, width)).rstrip() for i in shown)


def joined(page: Page, width: int = 200) -> str:
    """The text without line breaks and margins, as a reader takes it in."""
    return " ".join(text_of(page, width).split())


def subject(entry: Entry | None, *, end: bool = False, diagnosed: bool = False) -> Subject:
    story = told(end=end, diagnosed=diagnosed)
    c = story.connection
    log = story.log
    alerts = log.hits(entry) if entry is not None else tuple(c.alerts_seen)
    return Subject(
        c, entry, T0_NS + 300 * NS, log, diagnoses=tuple(c.diagnoses),
        can=frozenset({"payload"}), alerts=alerts,
    )  # fmt: skip


def order(**changes: object) -> Subject:
    story = told()
    made = Subject(
        story.connection, story.order, T0_NS + 300 * NS, story.log,
        can=frozenset({"payload"}), alerts=story.order.hits,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


# What is said


def test_text_shows_the_content_decompressed_and_how_much_of_it_is_there() -> None:
    shown = joined(page_for(tabs.TEXT, order(), P, 80))
    assert '"event": "order.placed"' in shown
    assert "Jürgen Ünal" in shown
    assert f"of {ORDER_LEN:,} bytes – ctrl+e fetches the rest" in shown
    assert "3 frames in 9 ms" in shown
    assert "rewritten: this is what went on" in shown
    assert "deflate" in shown


def test_without_the_proxys_offer_no_key_is_offered() -> None:
    shown = joined(page_for(tabs.TEXT, order(can=frozenset()), P, 80))
    assert f"of {ORDER_LEN:,} bytes" in shown
    assert "ctrl+e" not in shown


def test_what_was_fetched_is_shown_instead() -> None:
    payload = Payload(7, 0, 1, b"all of it", True)
    shown = joined(page_for(tabs.TEXT, order(payload=payload), P, 80))
    assert "all of it" in shown
    assert "order.placed" not in shown
    assert "fetches" not in shown
    refused = Payload(7, 0, 1, None, False, "no longer kept")
    shown = joined(page_for(tabs.TEXT, order(payload=refused), P, 80))
    assert "the proxy does not have it: no longer kept" in shown
    assert "order.placed" in shown


def test_opcode_flags_and_mask_are_explained_where_they_stand() -> None:
    shown = joined(page_for(tabs.TEXT, order(), P, 80))
    for sentence in (
        "A message of text, which has to be UTF-8. [RFC 6455 §5.2; RFC 6455 §5.6]",
        "no FIN More fragments of this message follow",
        "RSV1 With permessage-deflate",
        "The payload is XORed with these 4 bytes.",
        "u unfolds them in the list",
    ):
        assert sentence in shown


def test_a_fragment_of_a_compressed_message_is_not_read_as_text() -> None:
    story = told()
    for fragment in story.order.frames:
        own = Subject(story.connection, fragment, 0, story.log)
        shown = joined(page_for(tabs.TEXT, own, P, 80))
        assert "still compressed, as on the wire" in shown
        assert "�" not in shown
        assert "Still compressed" in joined(page_for(tabs.JSON, own, P, 80))


def test_a_close_frame_explains_its_code() -> None:
    story = told()
    shown = joined(page_for(tabs.TEXT, subject(story.close), P, 80))
    assert "1008 policy violation “token expired”" in shown
    assert "Either side may send it. [RFC 6455 §7.4.1]" in shown


def test_a_violation_is_explained() -> None:
    shown = joined(page_for(tabs.TEXT, subject(told().bad), P, 80))
    assert "invalid-utf8 A text message that is not UTF-8" in shown
    assert "�( bad" in shown


def test_the_tree_names_the_rule_at_its_path_and_marks_the_masked_form() -> None:
    night = palette_of(NIGHT)
    page = page_for(tabs.JSON, order(), night, 80)
    lines = text_of(page).splitlines()
    line = next(i for i, one in enumerate(lines) if "number:" in one)
    assert "▲ card-number" in lines[line]
    assert [s.text for s in page.line(line, 80) if s.style == night.hit] == [CARD]
    assert sum("card-number" in one for one in lines) == 1


def test_the_tree_reads_messagepack() -> None:
    shown = text_of(page_for(tabs.JSON, subject(told().map), P, 80))
    assert "{2}  MessagePack" in shown
    assert "cmd: “join”" in shown


def test_hex_says_how_much_there_is() -> None:
    assert "8 bytes" not in text_of(page_for(tabs.HEX, order(), P, 80))
    shown = text_of(page_for(tabs.HEX, subject(told().ping), P, 80))
    assert "2 bytes" in shown
    assert "70 30" in shown


def test_the_handshake_explains_extensions_parameters_and_findings() -> None:
    shown = joined(page_for(tabs.HANDSHAKE, order(), P, 100))
    for sentence in (
        "agreed, with 1 finding",
        "✗ error deflate-parameter-unknown",
        "right: Sec-WebSocket-Accept answers the request's key",
        "· server_no_context_takeover",
        "less memory, worse ratio. [RFC 7692 §7.1.1.1]",
        "· made_up = 3 permessage-deflate has no such parameter",
        "x-other An extension that this program does not know",
        "23.4 ms",
        "chat.v1",
    ):
        assert sentence in shown
    assert shown.count("Messages are compressed with DEFLATE") == 1  # offered and chosen


def test_timing_measures_a_pong_from_its_ping() -> None:
    story = told()
    shown = joined(page_for(tabs.TIMING, subject(story.pong), P, 80))
    # the frames of another telling: the log has to be the one of the entry
    own = Subject(story.connection, story.pong, T0_NS + 300 * NS, story.log)
    assert "ping before 150.0 ms (#0)" in joined(page_for(tabs.TIMING, own, P, 80))
    assert "ping before" not in shown
    ping = replace(own, entry=story.ping)
    assert "pong after 150.0 ms" in joined(page_for(tabs.TIMING, ping, P, 80))


def test_timing_of_a_message_and_the_intervals_between() -> None:
    shown = joined(page_for(tabs.TIMING, order(), P, 80))
    assert "gap before 850 ms" in shown
    assert "same way ↑ 1.0 s" in shown
    assert "lasted 9.0 ms from its first to its last frame" in shown
    assert "opened 14:00:00.000 handshake 23.4 ms" in shown
    assert "0.1–1 s" in shown
    assert "median 1.0 s longest 1.0 s" in shown


def test_rules_say_why_and_never_what() -> None:
    shown = joined(page_for(tabs.RULES, order(), P, 100))
    for sentence in (
        "▲ high card-number",
        "came to redacted What was found was masked in the message before it went on.",
        "credit-card matched 19 characters of the JSON value $.customer.card.number",
        "json:$.customer.card.number 0–19, 19 long",
        "fp_k3jx0d9w2q",
        "and 2 more hits",
        CARD,
    ):
        assert sentence in shown


def test_rules_without_alerts_say_what_to_do() -> None:
    shown = joined(page_for(tabs.RULES, order(alerts=()), P, 100, rules=["/etc/pci.yaml"]))
    assert "No rule fired on this entry. The connection has 1: a jumps to the next" in shown
    shown = joined(page_for(tabs.RULES, order(alerts=()), P, 100))
    assert "wsinspect --rules FILE loads some" in shown


def test_a_diagnosis_shows_evidence_with_units_and_candidates_with_sources() -> None:
    shown = joined(page_for(tabs.DIAGNOSIS, subject(None, end=True, diagnosed=True), P, 100))
    for sentence in (
        "idle cut high confidence",
        "14 connections ended after 60 s of silence.",
        "14 connections to chat.example.net, this one among them",
        "idle 60 s, 60.1 s",
        "longest 131 kB",
        "rtt 18.25 ms",
        "60 s nginx proxy_read_timeout nginx.org",
        "→ Send pings more often than 0.8 × the limit",
    ):
        assert sentence in shown


def test_without_a_diagnosis_the_end_is_put_in_words() -> None:
    shown = joined(page_for(tabs.DIAGNOSIS, replace(subject(None, end=True), alike=2), P, 100))
    assert "Nothing so far: one end alone proves no cause." in shown
    assert "An idle cut needs three ends after the same silence (this one: " in shown
    assert "So far 2 connections to " in shown
    assert "FIN by the server, no Close frame" in shown
    assert "1006 Abnormal Closure" in shown
    assert "RFC 9293 §3.6" in shown


@pytest.mark.parametrize(
    ("close", "said"),
    [
        (CloseFacts(code_observed=1006, initiator="client", cause="rst"), "a crash ten ends"),
        (CloseFacts(code_observed=1006, initiator="server", cause="rst"), "a crash five ends"),
        (CloseFacts(code_observed=1009, initiator="server", cause="close_frame"), "an oversize"),
        (CloseFacts(code_observed=1001, initiator="server", cause="close_frame"), "a drain needs"),
        (CloseFacts(code_observed=4003, initiator="server", cause="close_frame"), "says itself"),
        (CloseFacts(code_relayed=1000, initiator="proxy", cause="policy"), "this proxy ended it"),
    ],
)
def test_without_a_diagnosis_it_is_said_what_it_waits_for(close: CloseFacts, said: str) -> None:
    about = subject(None)
    assert about.connection is not None
    about.connection.close = close
    assert said in joined(page_for(tabs.DIAGNOSIS, about, P, 100))


def test_a_gap_says_what_is_missing() -> None:
    shown = joined(page_for(tabs.TEXT, order(entry=Gap(1, 3, 4), alerts=()), P, 80))
    assert "3 frames ↑ to server and 4 frames ↓ to client are not here" in shown


@pytest.mark.parametrize("tab", tabs.TABS)
@pytest.mark.parametrize("which", ["nothing", "connection", "gap", "unkept", "dropped", "empty"])
def test_every_empty_state_says_what_to_do_next(tab: int, which: str) -> None:
    story = told()
    unkept = Message(Frame(T0_NS, 1, 99, 0x81, None, 500, 504, None, None))
    dropped = Message(Frame(T0_NS, 1, 99, 0x81, None, 500, 504, None, None))
    dropped.action = "drop"
    dropped.content_len = 500
    made = {
        "nothing": Subject(None, None, 0),
        "connection": Subject(Connection(9), None, 0),
        "gap": Subject(story.connection, Gap(1, 3, 4), 0, story.log),
        "unkept": Subject(story.connection, unkept, 0, story.log),
        "dropped": Subject(story.connection, dropped, 0, story.log),
        "empty": Subject(story.connection, Frame(T0_NS, 1, 3, 0x8A, None, 0, 2, None, b""), 0),
    }[which]
    assert len(joined(page_for(tab, made, P, 60))) > 20


def test_a_recording_without_payloads_says_so_in_the_place_of_content() -> None:
    unkept = Message(Frame(T0_NS, 1, 99, 0x81, None, 500, 504, None, None))
    note = "This recording has no payloads."
    made = Subject(told().connection, unkept, 0, note=note)
    for tab in (tabs.TEXT, tabs.JSON, tabs.HEX):
        assert note in joined(page_for(tab, made, P, 80))


def test_what_was_stopped_is_not_shown_even_where_it_is_here() -> None:
    dropped = Message(Frame(T0_NS, 1, 99, 0x81, None, 500, 504, None, None))
    dropped.action = "drop"
    shown = joined(page_for(tabs.TEXT, Subject(told().connection, dropped, 0), P, 80))
    assert "What was stopped is not shown." in shown


# That it does no harm

_NASTY = st.text(
    st.characters(codec=None)
    | st.sampled_from('\x1b\x00\x07\u202e\u200b\u0301\ufe0f🎉界[]{}":,\n'),
    max_size=60,
)
_BYTES = st.binary(max_size=300) | _NASTY.map(lambda t: t.encode("utf-8", "surrogatepass"))
_SHAPED = st.sampled_from(
    [b'{"a":"', b"[" * 300, b"\x82\xa1a", b"\xbf\x61", b"42[", b"\x1b]0;x\x07"]
)


@st.composite
def _subjects(draw: st.DrawFn) -> Subject:
    words = draw(st.lists(_NASTY, min_size=12, max_size=12))
    c = Connection(draw(st.integers(0, 10**9)))
    c.client, c.server = words[0], words[1]
    c.facts = OpenFacts(
        host=words[2], uri=words[3], user_agent=words[4], subprotocol=words[5],
        client_protocols=words[:2], client_extensions=words[2:5], server_extensions=words[5:7],
        origin=words[6], http_version=words[7], upstream=words[8], app_proto=words[11],
        accept_valid=draw(st.sampled_from([True, False, None])),
        findings=[Finding(words[9], words[10])],
    )  # fmt: skip
    if draw(st.booleans()):
        c.close = CloseFacts(draw(st.none() | st.integers(0, 65535)), words[0], None, words[1],
                             False, words[2], 1.0, 2.0, unfinished={words[3]: 3})  # fmt: skip
    data = draw(_SHAPED) + draw(_BYTES)
    b0 = draw(st.integers(0, 255))
    frame = Frame(
        T0_NS, draw(st.integers(0, 1)), 3, b0, None, len(data), len(data) + 2, words[4], data
    )
    entry = draw(st.sampled_from([frame, Message(frame), None]))
    hit = Hit(words[5], words[6], 1, 2, 3, words[7], words[8])
    alert = AlertFacts(
        words[9], words[10], words[11], words[0], words[1], [hit], 5, 1, words[2], 3, 1
    )
    diagnosis = DiagnosisFacts(
        words[3], words[4], words[5], 2, {words[6]: words[7], "x_s": [1.5, words[8]], "n": None},
        [Candidate(words[9], 3.0, words[10])], words[11], words[0], [c.flow_id],
    )  # fmt: skip
    return Subject(
        c,
        entry,
        T0_NS,
        None,
        None,
        (diagnosis,),
        frozenset(),
        draw(_NASTY),
        "",
        draw(_NASTY),
        3,
        (alert,),
    )


def assert_harmless(page: Page, width: int) -> None:
    page.reach(60)
    for index in range(min(page.count(), 60)):
        line = page.line(index, width)
        assert sum(cell_len(s.text) for s in line) <= width
        for segment in line:
            for char in segment.text:
                assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp"), (
                    f"U+{ord(char):04X}"
                )


@settings(max_examples=150, deadline=None)
@given(_subjects(), st.integers(20, 130))
def test_no_tab_draws_anything_but_harmless_text_that_fits(made: Subject, width: int) -> None:
    for tab in tabs.TABS:
        assert_harmless(page_for(tab, made, P, width, rules=[made.needle]), width)


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 1_048_576,
        b"\xff" * 1_048_576,
        b"\x1b[31m\x00" * 100_000,
        b"[" * 10_000,
        b"\n" * 1_000_000,
        b"[red]\\[/red]" * 1000,
        "👨‍👩‍👧\u202e".encode() * 10_000,
        b'"' + b"\\" * 1_000_000,
    ],
    ids=["line", "invalid", "escapes", "deep", "lines", "markup", "emoji", "backslashes"],
)
def test_large_and_nasty_payloads_cost_only_what_is_seen(data: bytes) -> None:
    payload = Payload(7, 0, 1, data, True)
    for tab in (tabs.TEXT, tabs.JSON, tabs.HEX):
        page = page_for(tab, order(payload=payload), P, 80)
        assert_harmless(page, 80)
        if tab == tabs.TEXT and len(data) > 100_000:
            assert page.count() < 200  # rows beyond those that were asked for are not made
    assert "[red]" in text_of(
        page_for(tabs.TEXT, order(payload=Payload(7, 0, 1, b"[red]", True)), P, 80)
    )


def test_no_tab_shows_more_of_a_value_than_its_masked_form() -> None:
    secret = "4111111111111111"
    for tab in tabs.TABS:
        assert secret not in text_of(page_for(tab, order(), P, 100))


# The bar


@pytest.mark.parametrize("width", [18, 30, 40, 58, 60, 70, 80, 140])
def test_the_bar_fits_and_every_tab_can_be_pressed(width: int) -> None:
    badges = {tabs.RULES: ("·3", P.warn), tabs.DIAGNOSIS: ("·!", P.bad)}
    for chosen in tabs.TABS:
        line = tabs.bar(width, chosen, badges, P)
        assert sum(cell_len(s.text) for s in line) <= width
        pressed = [tabs.tab_at(width, chosen, badges, x) for x in range(width)]
        assert set(pressed) - {None} == set(tabs.TABS)
        text = "".join(s.text for s in line)
        for number in tabs.TABS:
            at = pressed.index(number)
            assert str(number) in text[at : at + 2]


def test_the_bar_names_the_chosen_tab_as_long_as_it_can() -> None:
    assert "Handshake" in "".join(s.text for s in tabs.bar(40, tabs.HANDSHAKE, {}, P))
    assert "Timing" not in "".join(s.text for s in tabs.bar(40, tabs.HANDSHAKE, {}, P))
