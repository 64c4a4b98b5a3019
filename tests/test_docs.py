"""What exists is documented: every option, hook, event and field has its place in docs/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wsinspect.model.events import json_schema
from wsinspect.proxy import hooks, options

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
LOG = (ROOT / "docs" / "log.md").read_text()
HOOKS = (ROOT / "docs" / "hooks.md").read_text()
SOCKET = (ROOT / "docs" / "dashboard-socket.md").read_text()
SCHEMA: dict[str, Any] = json.loads(json_schema())
EVENTS = SCHEMA["discriminator"]["mapping"]


@pytest.mark.parametrize("name", [option[0] for option in options.OPTIONS])
def test_every_addon_option(name: str) -> None:
    assert f"| `{options.PREFIX}{name}` |" in HOOKS


@pytest.mark.parametrize("option", [o for o in options.OPTIONS if o[3]], ids=lambda o: o[0])
def test_every_choice(option: tuple[Any, ...]) -> None:
    (row,) = [line for line in HOOKS.splitlines() if line.startswith(f"| `wsinspect_{option[0]}`")]
    for choice in option[3]:
        assert f"`{choice}`" in row


@pytest.mark.parametrize("name", [hooks.OPEN, hooks.FRAME, hooks.MESSAGE, hooks.CLOSE])
def test_every_hook(name: str) -> None:
    assert f"| `{name}(" in HOOKS
    assert f"| `{name}(" in README


@pytest.mark.parametrize("name", EVENTS)
def test_every_event(name: str) -> None:
    assert f"## {name}\n" in LOG


def fields_of(definition: dict[str, Any]) -> set[str]:
    """Of an event's own object, nested ones too."""
    names = set()
    for name, value in definition["properties"].items():
        names.add(name)
        for each in [value, value.get("items", {})]:
            if "$ref" in each:
                names |= fields_of(SCHEMA["$defs"][each["$ref"].rpartition("/")[2]])
    return names


@pytest.mark.parametrize("name", EVENTS)
def test_every_field(name: str) -> None:
    section = LOG.partition(f"## {name}\n")[2].partition("\n## ")[0]
    envelope = LOG.partition("## Every line\n")[2].partition("\n## ")[0]
    fields = fields_of(SCHEMA["$defs"][EVENTS[name].rpartition("/")[2]])
    missing = {field for field in fields if f"`{field}`" not in section + envelope}
    assert not missing


@pytest.mark.parametrize(
    "name",
    [
        "hello",
        "totals",
        "frames",
        "messages",
        "payload",
        "problem",
        "watch",
        "close",
        "detach",
    ],
)
def test_every_line_of_the_dashboards_socket(name: str) -> None:
    assert f'{{"type":"{name}"' in SOCKET
