"""The cells that are counted are the cells that a terminal takes, whatever a peer sent."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich._unicode_data._versions import VERSIONS
from rich.cells import cell_len

from tests.support.tools import require_tool
from wsinspect.tui.draw import steady
from wsinspect.tui.draw.cells import fit
from wsinspect.tui.draw.safe import INVISIBLE, UNSTEADY, safe, steady_width

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0
TONES = [chr(code_point) for code_point in range(0x1F3FB, 0x1F400)]
JOINERS = [*TONES, "\ufe0f", "\ufe0e", "\u200d", "\u200d👩", "\u20e3", "\u0301", "\u302e", "ि", "🇩"]
BASES = ["a", "漢", "☝", "👍", "🕵", "가", "ᄀ", "क", "क्", "ก", "ا", "1", " ", "🇪"]
EVERY = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Co", "Cs")]


def test_rich_counts_steady_characters_alike_in_all_its_tables() -> None:
    """A table of a newer rich that says otherwise: run scripts/steady_widths.py again."""
    for version in (f"{steady.OLDEST}.0", "15.1.0", VERSIONS[-1]):
        bad = [
            ascii(char)
            for char in EVERY
            if steady_width(char) not in (None, cell_len(char, version))
        ]
        assert not bad, version


def test_whatever_is_drawn_is_steady() -> None:
    bad = [
        ascii(char) for char in EVERY if any(steady_width(shown) is None for shown in safe(char))
    ]
    assert not bad


@pytest.mark.parametrize(
    ("sent", "drawn"),
    [
        ("👍🏽 up", "👍 up"),
        ("☝🏽🕵🏿", "☝🕵"),
        ("🏽🏽", INVISIBLE * 2),
        ("👍🏽🏽", "👍" + INVISIBLE),
        ("a🏽", "a" + INVISIBLE),
        ("❤\ufe0f\ufe0f", "❤" + INVISIBLE),
        ("\ufe0f", INVISIBLE),
        ("👩\u200d🚀", f"👩{INVISIBLE}🚀"),
        ("🇩🇪", "DE"),
        ("🫨🥲", UNSTEADY * 2),  # of Unicode 15 and 13
        ("䷀☰", UNSTEADY * 2),  # wide since Unicode 16
        ("a\u302e", "a" + INVISIBLE),
    ],
)
def test_what_terminals_count_differently(sent: str, drawn: str) -> None:
    assert safe(sent) == drawn


@pytest.mark.parametrize(
    "text",
    [
        "naïve Tiếng Việt e\u0301 Ελλάδα Привет",
        "東京 한국어 ひらがな カタカナ ｗｉｄｅ か\u3099",
        "العربية مُحَمَّد עברית שָׁלוֹם",
        "ภาษาไทย กำ ✓ → ★ ① ½ €",
        "😀👍❤🎉🚀🔥🥰🤔✅⚽",
        "\u1112\u1161\u11ab",  # Hangul of its parts, as macOS writes it
    ],
)
def test_common_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("sent", "drawn"),
    [
        ("हिन्दी", "हइन्दई"),
        ("বাংলা", "বআoলআ"),
        ("தமிழ்", "தமஇழ்"),
        ("മലയാളം", "മലയആളo"),
        ("සිංහල", "සිoහල"),
        ("ខ្មែរ ភាសា", "ខ្ម◌រ ភឤសឤ"),
        ("ဘာသာ", "ဘအသအ"),
        ("दुःख", "दु:ख"),
    ],
)
def test_vowel_signs_are_read_as_their_letters(sent: str, drawn: str) -> None:
    assert safe(sent) == drawn


def test_what_follows_endless_marks_is_at_least_told() -> None:
    for joining in ("\u0301", "\ufe0f", "🏽"):
        shown = fit("👍" + joining * 500 + "rm -rf", 20)
        assert shown.startswith("👍")
        assert "…" in shown


@given(st.lists(st.one_of(st.sampled_from([*JOINERS, *BASES]), st.characters()), max_size=40))
def test_a_text_is_as_wide_as_its_characters(parts: list[str]) -> None:
    drawn = safe("".join(parts))
    assert cell_len(drawn) == sum(steady_width(char) or 0 for char in drawn)
    assert safe(drawn) == drawn


# A real terminal


class Probe:
    """Texts written in a window of tmux, and where the cursor was after each."""

    def __init__(self, tmux: str, folder: Path) -> None:
        self._folder = folder
        self._command = [tmux, "-S", str(folder / "tmux"), "-f", os.devnull]
        self._env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

    def columns(self, texts: list[str]) -> list[int]:
        asked, answers = self._folder / "asked", self._folder / "answers"
        asked.write_text(json.dumps(texts))
        shell = shlex.join(
            [sys.executable, "-m", "tests.support.cursor_probe", *map(str, (asked, answers))]
        )
        new = ["new-session", "-d", "-x", "200", "-y", "5", f"cd {shlex.quote(str(ROOT))}; {shell}"]
        subprocess.run([*self._command, *new], check=True, env=self._env)
        limit = time.monotonic() + PATIENCE_S
        while not answers.exists():
            assert time.monotonic() < limit, self.screen()
            time.sleep(0.05)
        found: list[int] = json.loads(answers.read_text())
        answers.unlink()
        return found

    def screen(self) -> str:
        shown = subprocess.run(
            [*self._command, "capture-pane", "-p", "-t", "0"], check=False, capture_output=True
        )
        return (shown.stdout + shown.stderr).decode(errors="replace")

    def end(self) -> None:
        subprocess.run([*self._command, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe(require_tool("tmux"), tmp_path)
    yield probe
    probe.end()


def alone() -> Iterable[str]:
    return EVERY


def joined() -> Iterable[str]:
    marks = [char for char in EVERY if unicodedata.category(char)[0] == "M"]
    for base in BASES:
        for mark in (*marks, *JOINERS):
            yield base + mark
            yield base + mark + mark + base


def emoji() -> Iterable[str]:
    for char in EVERY:
        if unicodedata.category(char) in ("So", "Sk"):
            for joiner in JOINERS:
                yield char + joiner


def at_random() -> Iterable[str]:
    random_ = random.Random(3)
    for _ in range(10_000):
        some = [random_.choice(random_.choice((EVERY, JOINERS, BASES))) for _ in range(12)]
        yield "".join(some)


@pytest.mark.ci_tool("tmux")
@pytest.mark.parametrize("corpus", [alone, joined, emoji, at_random])
def test_the_cursor_stands_where_it_was_counted(
    probe: Probe, corpus: Callable[[], Iterable[str]]
) -> None:
    drawn = sorted({safe(text) for text in corpus()})
    columns = probe.columns(drawn)
    assert len(columns) == len(drawn) > 1000
    bad = {
        ascii(text): (cell_len(text), column)
        for text, column in zip(drawn, columns, strict=True)
        if cell_len(text) != column
    }
    assert not bad
