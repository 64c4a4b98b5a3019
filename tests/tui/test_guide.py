"""docs/dashboard.md has every action with its keys, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from wsinspect.tui import keys
from wsinspect.tui.draw.palette import THEMES

GUIDE = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
_ROW = re.compile(
    r"^\| (?P<keys>`.*?) \| (?P<say>.*?) \| (?P<where>.*?) \| `(?P<id>[a-z-]+)` \|$", re.MULTILINE
)


def test_every_action_is_in_the_guide_with_its_keys_and_no_other() -> None:
    written = {
        m["id"]: (m["keys"].replace("`", "").replace("\\|", "|"), m["say"])
        for m in _ROW.finditer(GUIDE)
    }
    assert written == {key.id: (key.name, key.say) for key in keys.ALL}


def test_the_guide_names_every_group_and_theme() -> None:
    assert [g.title for g in keys.GROUPS if f"### {g.title}\n" not in GUIDE] == []
    assert [c.say for c in THEMES if c.say not in GUIDE] == []
