"""Which way a copy goes to the clipboard: a tool of the desktop, tmux, or else the terminal.

Owns the order and the tools' calls. OSC 52, what the terminal itself understands, is the caller's:
nobody can know whether it arrived. A tool that is there but fails is passed over.
"""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_PATIENCE_S = 2.0

type Which = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Tool:
    """`say` is where a copy is then, in words."""

    command: tuple[str, ...]
    say: str


_WAYLAND = Tool(("wl-copy",), "clipboard, by wl-copy")
_X11 = (
    Tool(("xclip", "-selection", "clipboard"), "clipboard, by xclip"),
    Tool(("xsel", "--clipboard", "--input"), "clipboard, by xsel"),
)
_MAC = Tool(("pbcopy",), "clipboard, by pbcopy")
_TMUX = (
    # -w: and on to the terminal's clipboard; tmux before 3.2 does not know it
    Tool(("tmux", "load-buffer", "-w", "-"), "tmux buffer, prefix ] pastes"),
    Tool(("tmux", "load-buffer", "-"), "tmux buffer, prefix ] pastes"),
)


def tools(
    environ: Mapping[str, str], which: Which = shutil.which, platform: str = sys.platform
) -> list[Tool]:
    """Those that make sense here, the best first; none: only the terminal is left."""
    found: list[Tool] = []
    if environ.get("WAYLAND_DISPLAY"):
        found.append(_WAYLAND)
    if environ.get("DISPLAY"):
        found += _X11
    if platform == "darwin" and not environ.get("SSH_CONNECTION"):
        found.append(_MAC)
    if environ.get("TMUX"):  # it keeps OSC 52 to itself unless told otherwise (set-clipboard)
        found += _TMUX
    return [tool for tool in found if which(tool.command[0])]


async def copy(text: str, environ: Mapping[str, str], which: Which = shutil.which) -> str:
    """Give `text` to the first tool that takes it: where it is then, or nothing."""
    for tool in tools(environ, which):
        if await _takes(tool, text.encode(errors="replace"), environ):
            return tool.say
    return ""


async def _takes(tool: Tool, data: bytes, environ: Mapping[str, str]) -> bool:
    # Some stay behind to serve the clipboard: they must not hold an end of a pipe of ours.
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *tool.command, stdin=asyncio.subprocess.PIPE, stdout=nothing, stderr=nothing,
            env=dict(environ),
        )  # fmt: skip
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate(data)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return False
    except OSError:  # it is gone before it took all
        await process.wait()
        return False
    return process.returncode == 0
