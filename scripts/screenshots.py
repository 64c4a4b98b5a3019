"""Makes `screenshots/*.svg` (and `.png` where rsvg-convert is installed) from real traffic.

Runs the lab through a real proxy, attaches the dashboard to it without a terminal, brings each
scene about with the keys a person would press, and saves what is on the screen.

    python scripts/screenshots.py [--out screenshots] [--only NAME …]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from wsinspect.tui.app import DashboardApp
from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.wire import Frame

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 60.0
LAB_S = 90
PNG_ZOOM = "1.3"
FONTS = "'Fira Code','JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"

type Scene = Callable[["Stage"], Awaitable[None]]
SIZES = {
    "live": (140, 40),
    "narrow": (80, 24),
    "violation": (140, 40),
    "abrupt-end": (140, 40),
    "wide": (200, 50),
    "help": (110, 40),
    "empty": (120, 30),
}


class Stage:
    """The running dashboard of one scene."""

    def __init__(self, app: DashboardApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    def greeted(self) -> bool:
        return self.app.store.hello is not None

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await self.pilot.pause(0.02)

    async def rest(self, seconds: float) -> None:
        await self.pilot.pause(seconds)
        self.app.sync()
        await self.pilot.pause()

    async def choose(self, fits: Callable[[Connection], bool]) -> Connection:
        """Wait for a connection that `fits`, and choose it at once."""
        store = self.app.store
        await self.until(lambda: any(fits(c) for c in store.newest_first()))
        self.app.sync()
        view = self.app.connections
        chosen = next(c for c in view.shown if fits(c))
        view.move_to(view.shown.index(chosen))
        await self.until(lambda: store.watched.flow_id == chosen.flow_id)
        return chosen

    def frames(self) -> list[Frame]:
        return [e for e in self.app.store.watched.entries if isinstance(e, Frame)]


def _chat(c: Connection) -> bool:
    return c.state is State.OPEN and "room" in (c.facts.uri or "")


async def live(stage: Stage) -> None:
    await stage.rest(10)  # long enough for some to end
    await stage.choose(_chat)
    await stage.rest(5)


async def quick(stage: Stage) -> None:
    await stage.choose(_chat)
    await stage.rest(4)


async def prices(stage: Stage) -> None:
    await stage.choose(lambda c: c.state is State.OPEN and "odds" in (c.facts.host or ""))
    await stage.rest(4)


async def violation(stage: Stage) -> None:
    """Catch the bad client while it lives, then look at what it did."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await stage.choose(lambda c: c.state is State.OPEN and "kiosk" in (c.facts.uri or ""))
            await stage.rest(1.5)
            if any(frame.violation for frame in stage.frames()):
                break
    await stage.pilot.press("enter")
    entries = stage.app.store.watched.entries
    broken = next(i for i, e in enumerate(entries) if isinstance(e, Frame) and e.violation)
    stage.app.frames.move_to(broken)
    await stage.pilot.press("i")
    await stage.rest(0.5)


async def abrupt_end(stage: Stage) -> None:
    """Watch a vehicle drive into a tunnel."""
    cut = await stage.choose(lambda c: c.state is State.OPEN and "tram-4" in (c.facts.uri or ""))
    await stage.until(lambda: cut.ended)
    await stage.pilot.press("i")
    await stage.rest(0.5)


async def show_help(stage: Stage) -> None:
    await stage.choose(_chat)
    await stage.rest(2)
    await stage.pilot.press("question_mark")
    await stage.rest(0.2)


async def empty(stage: Stage) -> None:
    await stage.rest(0.3)


SCENES: dict[str, Scene] = {
    "live": live,
    "narrow": quick,
    "violation": violation,
    "abrupt-end": abrupt_end,
    "wide": prices,
    "help": show_help,
    "empty": empty,
}


def portable(svg: str) -> str:
    """The SVG without fonts from the network, and with its spaces kept by every renderer."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {FONTS}")
    svg = re.sub(r"font-family: Fira Code\b", f"font-family: {FONTS}", svg)
    return svg.replace("<text ", '<text xml:space="preserve" ')


def save(svg: str, path: Path) -> None:
    path.write_text(portable(svg), encoding="utf-8")
    converter = shutil.which("rsvg-convert")
    if converter is None:
        print(f"{path} (no PNG: rsvg-convert is not installed)")
        return
    png = path.with_suffix(".png")
    subprocess.run([converter, "-z", PNG_ZOOM, str(path), "-o", str(png)], check=True)
    if quantizer := shutil.which("pngquant"):  # a quarter of the size, and no eye sees it
        subprocess.run([quantizer, "--force", "--ext", ".png", "64", str(png)], check=True)
    print(f"{path} {png}")


@contextlib.asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[None]:
    """`python -m wsinspect …` beside us, ended when we are done."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wsinspect", *arguments,
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def shoot(names: list[str], socket: str, out: Path) -> None:
    for name in names:
        app = DashboardApp(socket)
        async with app.run_test(size=SIZES[name]) as pilot:
            stage = Stage(app, pilot)
            await stage.until(stage.greeted)
            await SCENES[name](stage)
            save(app.export_screenshot(title="wsinspect"), out / f"{name}.svg")


async def make(names: list[str], out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="wsinspect-shots-") as folder, contextlib.chdir(folder):
        busy = [name for name in names if name != "empty"]
        if busy:
            socket = f"{folder}/lab.sock"
            lab = ("demo", "--headless", "--seconds", str(LAB_S), "--socket", socket)
            async with running(*lab, "--log", f"{folder}/demo.jsonl"):
                await shoot(busy, socket, out)
        if "empty" in names:
            socket = f"{folder}/idle.sock"
            async with running("run", "--headless", "-p", "0", "--socket", socket):
                await shoot(["empty"], socket, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--only", nargs="+", choices=sorted(SCENES), default=list(SCENES))
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(exist_ok=True)
    asyncio.run(make(options.only, out))


if __name__ == "__main__":
    main()
