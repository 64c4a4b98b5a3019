"""docs/filters.md has every term, flag and choice with its example, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wsinspect.tui.find.fields import FIELDS, FLAGS, JSON, Field, Flag
from wsinspect.tui.find.filter import parse

PAGE = (Path(__file__).parents[3] / "docs" / "filters.md").read_text()


def section(title: str) -> list[list[str]]:
    """The cells of the tables in a section."""
    text = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


TERMS = [*section("Connections"), *section("Frames and messages")]
BOTH = section("Both")
TERM_ROWS = [*TERMS, *(row for row in BOTH if row[2].startswith("`"))]
FLAG_ROWS = [row for row in BOTH if not row[2].startswith("`")]


def home(of_connection: object, of_entry: object) -> str:
    if of_connection and of_entry:
        return "Both"
    return "Connections" if of_connection else "Frames and messages"


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_every_term(field: Field) -> None:
    (row,) = [
        row
        for row in section(home(field.of_connection, field.of_entry))
        if row[0].startswith(f"`{field.name}{field.operator}`")
    ]
    names, say, example = row
    assert names.split() == [f"`{name}{field.operator}`" for name in (field.name, *field.aliases)]
    assert say.startswith(field.say)
    assert re.findall(r"`([^`]+)`", say.removeprefix(field.say)) == [w for w, _ in field.choices]
    assert example == f"`{field.example}`"


@pytest.mark.parametrize("flag", FLAGS, ids=lambda f: f.name)
def test_every_flag(flag: Flag) -> None:
    (row,) = [row for row in FLAG_ROWS if row[0] == f"`{flag.name}`"]
    assert row[1:] == [flag.say, home(flag.of_connection, flag.of_entry).lower()]


def test_no_term_that_is_not_there() -> None:
    written = {row[0].split("`")[1] for row in TERM_ROWS}
    assert written == {f"{f.name}{f.operator}" for f in FIELDS} | {"$."}
    assert {row[0].strip("`") for row in FLAG_ROWS} == {flag.name for flag in FLAGS}


def examples() -> list[str]:
    """All that is written as a filter on the page."""
    block = PAGE.partition("```\n")[2].partition("```")[0]
    alone = [re.split(r"\s{3,}", line)[0] for line in block.splitlines()]
    return [*(row[2].strip("`") for row in TERM_ROWS), *alone]


@pytest.mark.parametrize("text", examples())
def test_every_example_is_a_filter(text: str) -> None:
    chosen = parse(text)
    assert not chosen.pending
    assert chosen.on_connections or chosen.on_entries


def test_json_is_there() -> None:
    (row,) = [row for row in TERM_ROWS if row[0].startswith("`$.`")]
    assert row[1].startswith(JSON.say)
    assert row[2] == f"`{JSON.example}`"
