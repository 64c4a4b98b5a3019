"""The dashboard as an application, and running it on a terminal.

The shell is in `shell/`, in layers; here they become one app, which lives and ends as a terminal
program should: with the terminal as it was.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

from rich.text import Text
from textual.worker import WorkerFailed

from wsinspect.tui.crash import crash_report
from wsinspect.tui.data.feed import Feed
from wsinspect.tui.data.source import Source
from wsinspect.tui.data.store import Store
from wsinspect.tui.keymap import keymap_path, load_keymap
from wsinspect.tui.owned import Owned
from wsinspect.tui.settings import settings_path
from wsinspect.tui.shell.acting import Acting

END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
END_WITHIN_S = 3.0  # a terminal that takes nothing more must not keep us


class DashboardApp(Acting):
    """The dashboard on the proxy behind the Unix socket `address`, or on what `make_feed` reads."""

    CSS_PATH = "style.tcss"

    def _fatal_error(self) -> None:
        """Textual's own has the locals of every function, which hold payloads."""
        error: BaseException | None = self._exception
        if isinstance(error, WorkerFailed):
            error = error.error
        if error is not None and not self._exit_renderables:
            self._exit_renderables.append(Text(crash_report(error)))
        self._close_messages_no_wait()


def run_dashboard(
    address: str,
    make_feed: Callable[[str, Store], Source] = Feed,
    owned: Owned | None = None,
) -> int:
    """Show the proxy behind the Unix socket `address` until the user quits; the exit code.

    `owned`: that proxy, where it is to end with the dashboard; quitting shows how it ends.

    1 after a crash, 2 without a terminal. Textual draws on stderr: do not redirect it. SIGTERM and
    SIGHUP end it as `q` does: with the terminal as it was, and 0.
    """
    if not _has_terminal():
        sys.stderr.write("wsinspect: the dashboard needs a terminal (it draws on stderr)\n")
        return 2
    app = DashboardApp(
        address,
        make_feed=make_feed,
        keymap=load_keymap(keymap_path()),
        memory=settings_path(),
        owned=owned,
    )
    try:
        return asyncio.run(_run(app))
    except Exception as error:  # noqa: BLE001 - what any of them says may be from the wire
        sys.stderr.write(f"{crash_report(error)}\n")
        return 1
    finally:
        app.remember()


def _has_terminal() -> bool:
    """A terminal, or a browser behind textual-serve."""
    if os.environ.get("TEXTUAL_DRIVER", "").startswith("textual.drivers.web_driver"):
        return True
    return sys.stdin.isatty() and sys.stderr.isatty()


async def _run(app: DashboardApp) -> int:
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    ours = [number for number in END_SIGNALS if before[number] is not signal.SIG_IGN]
    too_late = threading.Timer(END_WITHIN_S, os._exit, (0,))
    too_late.daemon = True

    def soon(*_: object) -> None:  # also while the loop waits for the terminal
        if not too_late.is_alive():
            too_late.start()

    for number in ours:
        loop.add_signal_handler(number, app.exit, 0)
        signal.signal(number, soon)  # the loop hears of it all the same
    try:
        return await app.run_async() or app.return_code or 0
    finally:
        too_late.cancel()
        for number in ours:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
