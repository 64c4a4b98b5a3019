"""Columns never take more than there is, and go in the order of their priority."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsinspect.tui.draw import connection_columns, frame_columns
from wsinspect.tui.draw.columns import (
    GAP,
    WIDTH_MAX,
    Choice,
    Column,
    adapted,
    column_at,
    edge_at,
    lay_out,
)

widths = st.integers(1, 300)
BOTH = [
    (connection_columns.COLUMNS, connection_columns.FIXED),
    (frame_columns.COLUMNS, frame_columns.FIXED),
]
keys = sorted({column.key for table, _ in BOTH for column in table})
steps = st.one_of(
    st.tuples(st.just("toggle"), st.sampled_from(keys)),
    st.tuples(st.just("move"), st.sampled_from(keys), st.integers(-9, 9)),
    st.tuples(st.just("resize"), st.sampled_from(keys), st.none() | st.integers(-5, 400)),
)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """A choice of columns as a person may have made it."""
    choice = Choice(*draw(st.sampled_from(BOTH)))
    for name, *arguments in draw(st.lists(steps, max_size=12)):
        if arguments[0] in choice.table:
            getattr(choice, name)(*arguments)
    return choice


tables = choices().map(Choice.columns)


@given(tables, widths)
def test_placed_columns_fit_and_do_not_overlap(table: tuple[Column, ...], width: int) -> None:
    placed = lay_out(table, width)
    x = 0
    for place in placed:
        assert place.x == x
        assert place.width >= 1
        x += place.width + GAP
    assert x - GAP <= width


@given(tables, widths)
def test_a_column_is_there_only_with_all_that_matter_more(
    table: tuple[Column, ...], width: int
) -> None:
    kept = {place.column.key for place in lay_out(table, width)}
    least = max(column.priority for column in table if column.key in kept)
    assert all(column.key in kept for column in table if column.priority < least)


@given(tables, widths, st.integers(0, 299))
def test_a_cell_belongs_to_the_column_drawn_there(
    table: tuple[Column, ...], width: int, x: int
) -> None:
    placed = lay_out(table, width)
    found = column_at(placed, x)
    if found is not None:
        place = next(p for p in placed if p.column is found)
        assert place.x <= x < place.x + place.width + GAP


@given(choices(), widths)
def test_the_fixed_columns_are_always_there(choice: Choice, width: int) -> None:
    assert choice.shown[: len(choice.fixed)] == list(choice.fixed)
    kept = [place.column.key for place in lay_out(choice.columns(), width)]
    assert kept[0] == choice.fixed[0]


@given(choices())
def test_a_choice_holds_every_column_once(choice: Choice) -> None:
    assert sorted(column.key for column in choice.rows()) == sorted(choice.table)
    assert len(set(choice.shown)) == len(choice.shown)
    assert all(1 <= width <= WIDTH_MAX for width in choice.widths.values())
    again = Choice(tuple(choice.table.values()), choice.fixed)
    again.shown, again.widths = choice.shown, choice.widths
    assert again.columns() == choice.columns()
    choice.reset()
    assert not choice.changed


@given(tables, widths, st.integers(-1, 300))
def test_an_edge_is_the_gap_behind_its_column(
    table: tuple[Column, ...], width: int, x: int
) -> None:
    placed = lay_out(table, width)
    edge = edge_at(placed, x)
    assert (edge is not None) == any(p.x + p.width == x for p in placed[:-1])
    if edge is not None:
        assert column_at(placed, x) is edge.column


def test_settings_of_another_version_do_no_harm() -> None:
    choice = Choice(*BOTH[0])
    choice.shown = ["path", "gone", "host", "path"]
    choice.widths = {"gone": 7, "host": 9_999, "path": 0, "state": 40}
    assert choice.shown == ["state", "path", "host"]
    assert choice.widths == {"host": WIDTH_MAX, "path": 1}


def test_a_width_of_ones_own_is_kept_and_kept_longer() -> None:
    choice = Choice(*BOTH[0])
    assert "idle" not in [p.column.key for p in lay_out(choice.columns(), 77)]
    choice.resize("idle", 9)
    placed = {p.column.key: p.width for p in lay_out(choice.columns(), 77)}
    assert placed["idle"] == 9
    choice.resize("idle", None)
    assert not choice.changed


def test_a_column_comes_back_where_it_stood() -> None:
    choice = Choice(*BOTH[0])
    before = choice.shown
    choice.toggle("path")
    assert "path" not in choice.shown
    choice.toggle("path")
    assert choice.shown == before


def test_what_nobody_has_takes_no_room() -> None:
    choice = Choice(*BOTH[0])
    choice.resize("ratio", 8)
    known = (("alerts", 0), ("ratio", 0), ("host", 5))
    columns = {column.key: column for column in adapted(choice.columns(), known)}
    assert "alerts" not in columns
    assert columns["ratio"].width == 8  # a person asked for it
    assert columns["host"].width_max == 5


def test_wide_enough_shows_everything() -> None:
    for table, _ in BOTH:
        assert len(lay_out(table, 250)) == len(table)


def test_80_columns_keep_what_matters() -> None:
    kept = [place.column.key for place in lay_out(connection_columns.COLUMNS, 77)]
    assert kept == [
        *("state", "host", "path", "frames_to_server", "frames_to_client", "age", "alerts", "end")
    ]
    kept = [place.column.key for place in lay_out(frame_columns.COLUMNS, 77)]
    assert {"time", "direction", "opcode", "payload", "preview"} <= set(kept)
