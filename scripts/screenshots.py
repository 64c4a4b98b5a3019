"""Makes `screenshots/*.svg` (and `.png` where rsvg-convert is installed) from real traffic.

Runs the lab and `screenshot_traffic` through a real proxy. A process a scene attaches the dashboard
to it without a terminal, brings the scene about with the keys a person would press, and saves what
is on the screen.

    python -m scripts.screenshots [--out screenshots] [--only NAME …]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from scripts.screenshot_files import save
from scripts.screenshot_traffic import traffic
from wsinspect.child import proxy_child
from wsinspect.tui.app import DashboardApp
from wsinspect.tui.data.connection import Connection, State
from wsinspect.tui.data.entries import Message
from wsinspect.tui.data.ordering import BY_COLUMN
from wsinspect.tui.data.recording import RecordingSource
from wsinspect.tui.data.store import Store
from wsinspect.tui.panes.searchall import SearchAllScreen

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "wsinspect" / "lab" / "rules.yaml"
SEED = 7
PATIENCE_S = 60.0
STORY_S = 22.0  # so long is watched before a picture is taken: ends, storms, diagnoses are in it
LAB_S = 100
EMPTY, RECORDING = "empty", "recording"
SAVED = "monday.jsonl"  # the recording

type Scene = Callable[["Stage"], Awaitable[None]]


class Stage:
    """The running dashboard of one scene."""

    def __init__(self, app: DashboardApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await self.pilot.pause(0.05)

    async def rest(self, seconds: float) -> None:
        await self.pilot.pause(seconds)
        self.app.sync()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.rest(0.2)

    async def choose(self, part: str, state: State = State.OPEN) -> Connection:
        """Wait for a connection whose host and path have `part` in them, and choose it at once."""

        def fits(c: Connection) -> bool:
            return c.state is state and part in f"{c.facts.host}{c.facts.uri}"

        store = self.app.store
        await self.until(lambda: any(fits(c) for c in store.newest_first()))
        self.app.sync()
        view = self.app.connections
        chosen = next(c for c in view.shown if fits(c))
        view.move_to(view.shown.index(chosen))
        await self.until(lambda: store.watched.flow_id == chosen.flow_id)
        return chosen

    async def choose_entry(self, fits: Callable[[Any], bool], back: int = 0) -> None:
        """Go into the frames, to the newest entry that `fits`, or one so many before it."""
        frames = self.app.frames

        def found() -> list[int]:
            return [i for i, e in enumerate(frames.shown_entries()) if fits(e)]

        await self.until(lambda: len(found()) > back)
        self.app.set_focus(frames)
        await self.pilot.pause()
        self.app.sync()
        frames.move_to(found()[-1 - back])
        await self.rest(0.1)


def masked(entry: Any) -> bool:
    return isinstance(entry, Message) and bool(entry.hits)


async def live(stage: Stage) -> None:
    stage.app.connections.set_order(BY_COLUMN["rate"], reverse=False)
    await stage.choose("chat.example/room/football")
    await stage.rest(5)


async def detail(stage: Stage) -> None:
    """An order whose card number a rule masked."""
    await stage.choose("pay.example")
    await stage.rest(9)
    await stage.choose_entry(lambda e: masked(e) and len(e.frames) > 1)
    await stage.press("i", "2")
    await stage.rest(0.5)


async def rules(stage: Stage) -> None:
    await stage.choose("pay.example")
    await stage.rest(6)
    await stage.choose_entry(masked)
    await stage.press("i", "6")


async def light(stage: Stage) -> None:
    await stage.press("T")
    await detail(stage)


async def high_contrast(stage: Stage) -> None:
    await stage.press("T", "T")
    await detail(stage)


async def colour_blind(stage: Stage) -> None:
    await stage.press("T", "T", "T")
    await detail(stage)


async def filtering(stage: Stage) -> None:
    await stage.choose("chat.example/room/football")
    await stage.rest(4)
    await stage.press("f", *"host:chat close:10")


async def search_all(stage: Stage) -> None:
    """Which connection carried it? In those that nobody watched, too."""
    await stage.choose("chat.example/room/lobby")
    await stage.rest(6)
    await stage.press("asterisk", *"coffee", "enter")
    screen = stage.app.screen
    assert isinstance(screen, SearchAllScreen)
    await stage.until(lambda: screen.search is not None and screen.search.over)
    await stage.rest(0.2)


async def cohorts(stage: Stage) -> None:
    await stage.press("v", "down", "down")


async def compare(stage: Stage) -> None:
    """Two price changes of one shape."""
    await stage.choose("odds.example")
    await stage.rest(4)
    await stage.choose_entry(lambda e: b'"odds"' in (e.content or b""))
    await stage.press("m")
    await stage.choose_entry(lambda e: b'"odds"' in (e.content or b""), back=1)
    await stage.press("d")


async def show_help(stage: Stage) -> None:
    await stage.choose("chat.example/room")
    await stage.rest(2)
    await stage.press("question_mark")


async def palette(stage: Stage) -> None:
    await stage.choose("api.example")
    await stage.rest(4)
    await stage.press("colon", *"co")


async def violation(stage: Stage) -> None:
    """Catch the bad client while it lives, then look at what it did."""
    broken: Callable[[Any], bool] = lambda e: bool(getattr(e, "violation", None))  # noqa: E731
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await stage.choose("kiosk")
            await stage.rest(1.5)
            if any(broken(e) for e in stage.app.store.watched.entries):
                break
    await stage.choose_entry(broken)
    await stage.press("i", "1")


async def abrupt_end(stage: Stage) -> None:
    """Watch a vehicle drive into a tunnel."""
    cut = await stage.choose("tram-4")
    await stage.until(lambda: cut.ended)
    await stage.press("i", "7")


async def diagnosis(stage: Stage) -> None:
    """One of many that a gateway's limit cut."""

    def told() -> list[Connection]:
        ended = [c for c in stage.app.connections.shown if c.ended and c.diagnoses]
        return [c for c in ended if c.close is not None and c.to_client[0]]

    await stage.until(told)
    view = stage.app.connections
    view.move_to(view.shown.index(told()[0]))
    await stage.press("i", "7")
    await stage.rest(1)


async def recording(stage: Stage) -> None:
    timeline = stage.app.feed.timeline
    assert timeline is not None
    await stage.until(lambda: timeline.progress >= 1)
    await stage.rest(0.3)
    stage.app.set_focus(stage.app.scrubber)
    await stage.press(*["left"] * 18)
    stage.app.connections.focus()
    await stage.rest(1)
    await stage.choose("pay.example")
    await stage.rest(1)


async def wide(stage: Stage) -> None:
    await stage.choose("shop.example")
    await stage.rest(6)
    await stage.choose_entry(lambda e: b"order:update" in (e.content or b""))
    await stage.press("i", "2")


async def nothing_yet(stage: Stage) -> None:
    await stage.rest(0.3)


SCENES: dict[str, tuple[tuple[int, int], Scene]] = {
    "live": ((160, 44), live),
    "detail": ((160, 44), detail),
    "rules": ((160, 44), rules),
    "filter": ((140, 40), filtering),
    "search": ((140, 40), search_all),
    "cohorts": ((140, 44), cohorts),
    "compare": ((120, 34), compare),
    "violation": ((140, 40), violation),
    "abrupt-end": ((140, 40), abrupt_end),
    "diagnosis": ((140, 44), diagnosis),
    "palette": ((120, 36), palette),
    "help": ((110, 44), show_help),
    "light": ((140, 40), light),
    "high-contrast": ((140, 40), high_contrast),
    "colour-blind": ((140, 40), colour_blind),
    "narrow": ((80, 24), live),
    "wide": ((250, 70), wide),
    RECORDING: ((140, 40), recording),
    EMPTY: ((120, 34), nothing_yet),
}


async def shoot(name: str, address: str, out: Path, after_s: float) -> None:
    """One scene, in this process. What ended before we came is not told: so come early."""
    size, scene = SCENES[name]

    def read(address: str, store: Store) -> RecordingSource:
        return RecordingSource(Path(address), store)

    options: dict[str, Any] = {"make_feed": read} if name == RECORDING else {}
    app = DashboardApp(address, draws_per_s=1, **options)
    began = time.monotonic()
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot)
        await stage.until(lambda: app.store.hello is not None or app.feed.timeline)
        await stage.pilot.pause(max(0.0, after_s - (time.monotonic() - began)))
        app.sync()
        await scene(stage)
        app.clear_notifications()
        app.sync()
        await pilot.pause()
        save(app.export_screenshot(title="wsinspect"), out / f"{name}.svg")


@contextlib.asynccontextmanager
async def running(*command: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def in_own_process(name: str, address: str, out: Path, after_s: float) -> bool:
    command = [sys.executable, "-m", "scripts.screenshots", "--out", str(out), "--only", name]
    process = await asyncio.create_subprocess_exec(
        *command, "--at", address, "--after", str(after_s),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return await process.wait() == 0


async def film(names: list[str], folder: str, out: Path) -> list[str]:
    """All scenes of the running story, at the same time; the recording after them."""
    log, socket = "frames.jsonl", f"{folder}/lab.sock"
    arguments = [
        "-p",
        "0",
        "--log",
        log,
        "--record",
        "all",
        "--payloads",
        "preview",
        "--rules",
        str(RULES),
    ]
    arguments += ["--set", f"confdir={folder}/ca", "--socket", socket]
    with proxy_child(arguments, socket) as child:
        if not child.wait_until_it_listens():
            raise SystemExit("\n".join(child.said))
        proxy = f"http://{child.address}"
        lab = [sys.executable, "-m", "wsinspect.lab", "--proxy", proxy]
        extras = asyncio.create_task(traffic(proxy, SEED))
        async with running(*lab, "--seed", str(SEED), "--seconds", str(LAB_S)):
            scenes = [name for name in names if name not in (EMPTY, RECORDING)]
            done = await asyncio.gather(
                *(in_own_process(name, socket, out, STORY_S) for name in scenes),
                asyncio.sleep(STORY_S if RECORDING in names else 0, True),
            )
            if RECORDING in names:
                shutil.copy(log, SAVED)
        extras.cancel()
        await asyncio.gather(extras, return_exceptions=True)
    failed = [name for name, well in zip(scenes, done, strict=False) if not well]
    if RECORDING in names and not await in_own_process(RECORDING, SAVED, out, 0):
        failed.append(RECORDING)
    return failed


async def make(names: list[str], out: Path) -> list[str]:
    failed = []
    with tempfile.TemporaryDirectory(prefix="wsinspect-shots-") as folder, contextlib.chdir(folder):
        if EMPTY in names:
            socket = f"{folder}/idle.sock"
            with proxy_child(["-p", "0", "--socket", socket], socket) as child:
                child.wait_until_it_listens()
                if not await in_own_process(EMPTY, socket, out, 0):
                    failed.append(EMPTY)
        if set(names) - {EMPTY}:
            failed += await film(names, folder, out)
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--only", nargs="+", choices=sorted(SCENES), default=list(SCENES))
    parser.add_argument("--at", help=argparse.SUPPRESS)  # this one scene, from here
    parser.add_argument("--after", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(exist_ok=True)
    if options.at is not None:
        asyncio.run(shoot(options.only[0], options.at, out, options.after))
        return
    if set(options.only) == set(SCENES):
        for old in (*out.glob("*.svg"), *out.glob("*.png")):
            if old.stem not in SCENES:
                old.unlink()
    if shutil.which("rsvg-convert") is None:
        print("rsvg-convert is not installed: SVG only")
    failed = asyncio.run(make(options.only, out))
    if failed:
        raise SystemExit(f"without a picture: {', '.join(failed)}")


if __name__ == "__main__":
    main()
