"""What is pasted into a shell: real shells get the very bytes, the terminal nothing but text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from textual.widgets._toast import Toast

from tests.support.fake_story import T0_NS, story
from tests.support.told_feed import telling
from tests.support.tools import require_tool
from tests.tui.conftest import Clock, until
from tests.tui.test_terminal import Terminal
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.copying import (
    connection_facts,
    curl,
    json_line,
    of_connection,
    of_entry,
    url,
    websocat,
    wscat,
)
from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.entries import Entry
from wsinspect.tui.data.wire import Frame, OpenFacts
from wsinspect.tui.draw.safe import safe
from wsinspect.tui.quoting import command, printed

# ESC[201~ ends a bracketed paste, ^U clears the line, ^O or CR runs it.
ATTACK = "x\x1b[201~\x15touch PASTED\x0f\r\n"
UNSEEN = frozenset("\ufe0f\ufe00\U000e0100\u034f\u115f\u3164\uffa0\u2800")  # letters, marks
INVISIBLE = "\u202etxt.exe\u2066 \u200b\u200d\ufe0f\u2028\u0085\x9b31m\x7f"
QUOTES = "\\'; touch PASTED; '\\''\" $(touch PASTED) `x` !! %s %% \\n =ls ~ {a,b} #"

SPECIAL = (
    "\x00\x07\x15\x1b\x7f\x85\x9b\r\n\t\u200b\u202e\u2028\ufe0f\u3164\udc80\ud800"
    "'\"\\`$!%-=~#{} é東👍\u0301"
)
hostile = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters()), max_size=30)
examples = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def connection(**facts: Any) -> Connection:
    c = Connection(7)
    c.server = "127.0.0.1:9000"
    c.facts = OpenFacts(**{"host": "host.example", "uri": "/a?b=c&d='e'", **facts})
    return c


def is_plain(text: str) -> bool:
    """One line in which a terminal sees nothing but text, and people see all of it."""
    seen = UNSEEN.isdisjoint(text)
    return seen and all(unicodedata.category(c)[0] not in "CZ" or c == " " for c in text)


# Commands


def run(shell: str, line: str, folder: Path) -> tuple[list[bytes], bytes]:
    """What `line` gives to the program at its end: arguments and standard input."""
    name = line.rpartition(" | ")[2].split(" ", 1)[0]
    stub = (
        f"{name}() {{ printf '%s\\0' \"$@\" >arguments; [ -t 0 ] || cat >input; }}; "
        f"touch input\n{line}"
    )
    subprocess.run([shell, "-c", stub], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    names = {path.name for path in folder.iterdir()}
    assert names == {"arguments", "input"}, names
    words = (folder / "arguments").read_bytes().split(b"\0")[:-1]
    return words, (folder / "input").read_bytes()


@pytest.fixture(params=["bash", "dash"])
def posix(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"no {name}")
    return name


@example(ATTACK)
@example(INVISIBLE)
@example(QUOTES)
@example("-n")
@example("\r")
@examples
@given(hostile)
def test_the_shell_feeds_the_very_text(posix: str, tmp_path: Path, text: str) -> None:
    content = text.encode(errors="replace")
    line = websocat(connection(), content, 1)
    assert is_plain(line)
    _, fed = run(posix, line, tmp_path)
    end = b"" if b"\0" in content else b"\0" if {13, 10} & set(content) else b"\n"
    assert fed == content + end


@examples
@given(st.binary(max_size=40), st.sampled_from([1, 2]))
def test_the_shell_feeds_the_very_bytes(
    posix: str, tmp_path: Path, content: bytes, opcode: int
) -> None:
    line = websocat(connection(), content, opcode)
    assert is_plain(line)
    _, fed = run(posix, line, tmp_path)
    assert fed in (content, content + b"\n", content + b"\0")


def in_words(text: str) -> bytes:
    """What a word of a command can be: all but NUL."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


@example(ATTACK)
@example(INVISIBLE)
@example(QUOTES)
@example("-n")
@example("")
@examples
@given(hostile.map(lambda text: text.replace("\0", "")))
def test_bash_gets_the_very_words(tmp_path: Path, text: str) -> None:
    line = command(["program", text, "end"])
    assert is_plain(line)
    assert run("bash", line, tmp_path)[0] == [in_words(text), b"end"]


@example("\\")
@example("it's \\' $HOME `x` \"!\"")
@examples
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_words_without_escapes_are_the_same_in_every_shell(
    posix: str, tmp_path: Path, text: str
) -> None:
    """fish has \\' and \\\\ in '…' too: neither may stand there."""
    line = command(["program", text])
    assert run(posix, line, tmp_path)[0] == [text.encode()]
    assert re.fullmatch(r"program (\\[\\']|'[^'\\]*'|[\w./:,+-]+)+", line)


def option(name: str, text: str) -> list[str]:
    return [f"{name}={text}"] if text.startswith("-") else [name, text]


def expected_words(name: str, text: str, address: str) -> list[str]:
    if name == "websocat":
        return [*option("--protocol", text), *option("--origin", text), address]
    if name == "wscat":
        return [*option("--subprotocol", text), *option("--origin", text), "--connect", address]
    told = ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Origin", "User-Agent")
    headers = [word for header in told for word in ("--header", f"{header}: {text}")]
    return [*headers, address.replace("ws", "http", 1)]


@pytest.mark.parametrize("make", [websocat, curl, wscat])
@example(ATTACK)
@example(INVISIBLE)
@example(QUOTES)
@example("--exec")
@examples
@given(hostile.map(lambda text: text.replace("\0", "") or "-"))
def test_headers_from_the_wire_stay_words(
    make: Callable[[Connection], str], tmp_path: Path, text: str
) -> None:
    names = ("host", "subprotocol", "origin", "user_agent")
    lists = {"client_protocols": [text], "client_extensions": [text]}
    c = connection(uri=f"/{text}", **dict.fromkeys(names, text), **lists)
    line = make(c)
    assert is_plain(line)
    words, _ = run("bash", line, tmp_path)
    wanted = [in_words(word) for word in expected_words(make.__name__, text, url(c))]
    assert words[-len(wanted) :] == wanted


@examples
@given(hostile, hostile)
def test_no_copy_for_a_shell_has_controls(text: str, uri: str) -> None:
    c = connection(host=text, uri=uri, origin=text, subprotocol=text, client_extensions=[text])
    entry = a_message()
    ways = of_connection(c) + of_entry(c, entry, text.encode(errors="replace"), True, f"$.{text}")
    for way in ways:
        # A program of Python has lines; payloads as text and as indented JSON are content.
        if way.name in ("text", "pretty") or "python" in way.name:
            continue
        assert is_plain(way.text()), way.name


def a_message() -> Entry:
    return Frame(T0_NS, 0, 0, 0x81, None, 1, 7)


# A real paste


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(require_tool("tmux"), tmp_path)
    yield terminal
    subprocess.run([*terminal._command, "kill-server"], check=False, capture_output=True)


def has_line(line: str, screen: str) -> bool:
    return line in screen.split("\n")


@pytest.mark.ci_tool("tmux")
@pytest.mark.parametrize("bracketed", [True, False])
def test_a_pasted_command_is_not_run(terminal: Terminal, tmp_path: Path, bracketed: bool) -> None:
    """The line editor gets one line of text, and waits for the user's Enter."""
    c = connection(subprotocol=ATTACK, origin=ATTACK, host=ATTACK, uri=f"/{ATTACK}")
    ways = of_connection(c) + of_entry(c, a_message(), ATTACK.encode(), True, f"$.{ATTACK}")
    pasted = [way.text() for way in ways if "python" not in way.name and way.name != "text"]
    assert len(pasted) > 7
    shell = f"cd {tmp_path}; PS1='ready> ' exec bash --norc"
    terminal.tmux("new-session", "-d", "-x", "200", "-y", "50", shell)
    for number, text in enumerate(pasted):
        terminal.until(lambda s: s.rstrip().endswith("ready>"))
        terminal.tmux("set-buffer", text)
        terminal.tmux("paste-buffer", *(["-p"] if bracketed else []), "-t", "0")
        terminal.press("C-c")
        terminal.press(f"clear; echo pasted {number}", "Enter")
        terminal.until(partial(has_line, f"pasted {number}"))
    assert not (tmp_path / "PASTED").exists()


# URLs


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"uri": "/a b\x1b\r\n`x`\\|é"}, "ws://h/a%20b%1B%0D%0A%60x%60%5C%7C%C3%A9"),
        ({"uri": "/%20?q=[1]&a=$b;c#d"}, "ws://h/%20?q=[1]&a=$b;c%23d"),
        ({"host": "h\x15\x1b[201~"}, "ws://h%15%1B[201~/a"),
        # websocat runs what stands behind these, in a URL's place
        ({"uri": "sh-c:touch PASTED;://"}, "ws://h/sh-c:touch%20PASTED;://"),
        ({"uri": "--exec://x"}, "ws://h/--exec://x"),
        ({"uri": "HTTPS://other/a"}, "HTTPS://other/a"),
    ],
)
def test_a_url_is_a_url(facts: dict[str, str], expected: str) -> None:
    c = connection(**{"host": "h", "uri": "/a", **facts})
    c.server = "127.0.0.1:80"
    assert url(c) == expected


@given(hostile)
def test_percent_encoding_keeps_the_bytes(text: str) -> None:
    c = connection(host="h", uri="/" + text.replace("%", ""))
    shown = url(c)
    assert shown.isascii()
    assert " " not in shown
    assert unquote_to_bytes(shown.removeprefix("ws://h:9000/")) == in_words(text.replace("%", ""))


def test_only_the_scheme_of_a_url_changes_for_curl() -> None:
    assert curl(connection(uri="http://news.example/ws")).endswith(" http://news.example/ws")
    assert curl(connection(uri="wss://news.example/ws")).endswith(" https://news.example/ws")


# JSON and payloads


@given(hostile)
def test_json_has_the_same_value_and_nothing_unseen(text: str) -> None:
    line = json_line({"text": text})
    assert is_plain(line)
    assert json.loads(line) == {"text": text}
    assert is_plain(json_line(connection_facts(connection(origin=text, host=text))))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lines\r\nand\ttabs\n", False),
        ("Tür 東京 👍🏽 👩\u200d👩", False),
        ("a\x1b[201~", True),
        ("a\rb", True),
        ("\x9b31m", True),
        ("\x7f", True),
        ("user\u202egnp.exe", True),
    ],
)
def test_a_payload_stays_exact_and_its_controls_are_told(text: str, told: bool) -> None:
    ways = {way.name: way for way in of_entry(connection(), a_message(), text.encode(), True)}
    assert ways["text"].text() == text
    assert ("has control characters" in ways["text"].say) is told


def test_indented_json_shows_its_controls() -> None:
    content = '{"a": "\x7f\x9b", "b": [1]}'.encode()
    ways = {way.name: way for way in of_entry(connection(), a_message(), content, True)}
    pretty = ways["pretty"].text()
    assert json.loads(pretty) == json.loads(content)
    assert all(is_plain(line) for line in pretty.split("\n"))


def test_printf_reads_no_format_and_no_option() -> None:
    assert printed("-100%\n") == r"printf '\055100%%\012'"


# What is said of it


@pytest.mark.parametrize("key", ["][/foo]", "[@click=app.quit]x[/]", "\x1b[2J👍🏽"])
async def test_a_key_of_a_peer_in_a_message_is_text(clock: Clock, key: str) -> None:
    """Markup was obeyed, and what closes nothing ended the dashboard."""
    app = DashboardApp("nowhere", clock=clock, make_feed=telling(story()))
    async with app.run_test(notifications=True) as pilot:
        way = of_entry(connection(), a_message(), b"x", True, f'$["{key}"]')[3]
        assert way.name == "path"
        app.copy_way(way)
        await until(pilot, lambda: app.screen.query(Toast))
        shown = str(app.screen.query_one(Toast).render())
        assert safe(f'$["{key}"]') in shown
