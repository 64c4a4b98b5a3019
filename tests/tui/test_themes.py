"""Themes: readable by measure (WCAG 2.2), complete, and remembered."""

from __future__ import annotations

import dataclasses

import pytest

from tests.tui.conftest import Open
from wsinspect.tui.draw.palette import THEMES, Colors, Palette, palette_of, plain, theme_of

TEXT = ("text", "strong", "label", "primary", "good", "warn", "bad", "to_server", "to_client")
GRAPHICS = ("faint", "pulse")
GROUNDS = ("background", "surface", "panel", "cursor", "cursor_away")


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_the_standard() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("colors", THEMES, ids=lambda c: c.say)
@pytest.mark.parametrize("ground", GROUNDS)
def test_everything_can_be_read(colors: Colors, ground: str) -> None:
    on = getattr(colors, ground)
    low = {role: contrast(getattr(colors, role), on) for role in TEXT}
    assert {role: round(c, 2) for role, c in low.items() if c < 4.5} == {}
    low = {role: contrast(getattr(colors, role), on) for role in GRAPHICS}
    assert {role: round(c, 2) for role, c in low.items() if c < 3} == {}


@pytest.mark.parametrize("colors", THEMES, ids=lambda c: c.say)
def test_what_is_reversed_can_be_read(colors: Colors) -> None:
    for role in ("bad", "warn", "primary"):  # alarm, held, match
        assert contrast(colors.background, getattr(colors, role)) >= 4.5


def test_high_contrast_is_higher() -> None:
    colors = next(c for c in THEMES if c.say == "high contrast")
    assert min(contrast(getattr(colors, role), colors.background) for role in TEXT) >= 7


def test_every_role_has_a_style_everywhere() -> None:
    names = [field.name for field in dataclasses.fields(Palette)]
    for palette in (*map(palette_of, THEMES), plain()):
        assert all(getattr(palette, name) is not None for name in names)
    assert len({theme_of(colors).name for colors in THEMES}) == len(THEMES) == 4


async def test_all_panes_change_their_colours(desk: Open) -> None:
    async with desk() as d:
        await d.press("i", "T")
        wanted = d.app.palette
        holders = [w for w in d.app.base.walk_children() if hasattr(w, "palette")]
        assert len(holders) >= 5
        assert all(w.palette is wanted for w in holders)
        background = next(c for c in THEMES if c.name == d.app.theme).background
        segments = [s for strip in d.app.screen._compositor.render_strips() for s in strip]
        grounds = {s.style.bgcolor.name for s in segments if s.style and s.style.bgcolor}
        assert background in grounds
        assert THEMES[0].background not in grounds
