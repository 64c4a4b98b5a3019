"""Columns never take more than there is, and go in the order of their priority."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsinspect.tui.draw import connection_columns
from wsinspect.tui.draw.columns import GAP, Column, column_at, lay_out
from wsinspect.tui.panes import frames

widths = st.integers(1, 300)
tables = st.sampled_from([connection_columns.COLUMNS, frames.COLUMNS])


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


def test_wide_enough_shows_everything() -> None:
    assert len(lay_out(connection_columns.COLUMNS, 240)) == len(connection_columns.COLUMNS)
    assert len(lay_out(frames.COLUMNS, 120)) == len(frames.COLUMNS)


def test_80_columns_keep_what_matters() -> None:
    kept = [place.column.key for place in lay_out(connection_columns.COLUMNS, 77)]
    assert kept == ["state", "host", "path", "frames_to_server", "frames_to_client", "age", "end"]
    assert "preview" in [place.column.key for place in lay_out(frames.COLUMNS, 77)]
