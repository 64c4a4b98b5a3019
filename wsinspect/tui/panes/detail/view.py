"""`DetailView`: the tabs of the chosen entry or connection. Owns tab, page, folding and fetching.

What a tab shows is made by `draw/detail` when something it depends on has changed, and drawn line
by line as it is seen. It must not know the lists beside it: the shell tells it what is chosen.
"""

from collections.abc import Hashable

from rich.segment import Segment
from rich.style import Style
from textual.message import Message as Notice

from wsinspect.tui.data.connection import NS, Connection
from wsinspect.tui.data.entries import Entry, Message
from wsinspect.tui.data.store import Store
from wsinspect.tui.draw.detail import tabs
from wsinspect.tui.draw.detail.page import Page, RowsPage
from wsinspect.tui.draw.detail.pages import CONTENT_TABS, page_for
from wsinspect.tui.draw.detail.subject import Subject, can_fetch, content_of
from wsinspect.tui.draw.detail.tree_page import TreePage
from wsinspect.tui.draw.palette import Palette
from wsinspect.tui.panes.lines import LinesView

_AHEAD = 3  # pages of lines made ready beyond the one that is seen
_BOTTOM_STEP = 50_000  # lines made ready for a jump to the end


class DetailView(LinesView):
    """Shows what `show` was given last, in the tab that was chosen last."""

    class TabChosen(Notice):
        """The user went to another tab."""

        def __init__(self, tab: int) -> None:
            super().__init__()
            self.tab = tab

    class PayloadWanted(Notice):
        """The user asks for all of a message: `source.payload(flow_id, direction, seq)`."""

        def __init__(self, flow_id: int, direction: int, seq: int) -> None:
            super().__init__()
            self.flow_id = flow_id
            self.direction = direction
            self.seq = seq

    def __init__(self, palette: Palette, store: Store | None = None) -> None:
        super().__init__(palette, id="detail")
        self.store = store
        self.tab = tabs.TEXT
        self.needle = ""
        self.can: frozenset[str] = frozenset()
        self.note = ""  # why no content is here at all
        self.line_numbers: bool | None = None  # None: where there are lines, and room
        self.page: Page = RowsPage([])
        self._subject = Subject(None, None, 0)
        self._made_for: tuple[Hashable, ...] = ()
        self._about: tuple[int, int] = (0, 0)
        self.HAS_CURSOR = False

    # What is shown

    def show(self, connection: Connection | None, entry: Entry | None, now_ns: int = 0) -> None:
        """Show an entry of `connection`, or (None) the connection itself, as it is now."""
        self._subject = self._gathered(connection, entry, now_ns)
        about = (id(connection), id(entry))
        if about != self._about:
            self._about = about
            self.cursor = 0
            self._remake()
            self._jump(0)
        self.sync()

    def _gathered(self, c: Connection | None, entry: Entry | None, now_ns: int) -> Subject:
        store = self.store
        log = payload = None
        diagnoses = tuple(c.diagnoses) if c is not None else ()
        alerts = tuple(c.alerts_seen) if c is not None and entry is None else ()
        if store is not None and c is not None:
            log = store.log_of(c.flow_id)
            host = c.facts.host or ""
            diagnoses += tuple(
                one
                for one in store.diagnoses
                if one not in diagnoses
                and (c.flow_id in one.flow_ids or (host and one.host == host))
            )
            if isinstance(entry, Message):
                payload = store.payloads.get((c.flow_id, entry.direction, entry.seq))
        if isinstance(entry, Message):
            alerts = entry.hits
        elif entry is not None and log is not None:
            alerts = log.hits(entry)
        trouble, alike = "", 0
        if store is not None and c is not None:
            trouble = store.troubles.of(c)
            if c.close is not None:
                end, host = c.close, c.facts.host or c.server
                alike = store.ends.count(end.code, end.cause, end.initiator, host)
        return Subject(
            c, entry, now_ns, log, payload, diagnoses, self.can, self.needle, self.note, trouble,
            alike, alerts,
        )  # fmt: skip

    def sync(self) -> None:
        self._remake()
        self.page.reach(self.top + _AHEAD * self.page_height)
        if isinstance(self.page, TreePage):
            self.page.chosen = self.cursor
        super().sync()

    def _remake(self) -> None:
        """A new page, if anything that it shows has changed."""
        made_for = self._depends_on()
        if made_for == self._made_for:
            return
        kept = self.page if isinstance(self.page, TreePage) else None
        same = made_for[:2] == self._made_for[:2]
        self._made_for = made_for
        rules = self.store.hello.rules if self.store is not None and self.store.hello else []
        self.page = page_for(
            self.tab,
            self._subject,
            self.palette,
            self.size.width,
            rules=rules,
            numbers=self.line_numbers,
            height=self.page_height,
        )
        self.HAS_CURSOR = isinstance(self.page, TreePage)
        if same and kept is not None and isinstance(self.page, TreePage):
            self.page.tree.keep_folds(kept.tree)

    def _depends_on(self) -> tuple[Hashable, ...]:
        """What the page is made of, as values that can be compared; tab and subject first."""
        s = self._subject
        width = 0 if self.tab == tabs.JSON else self.size.width
        height = self.page_height if self.tab == tabs.TEXT else 0
        same = (self.tab, self._about, width, height, id(self.palette), s.needle, s.can, s.note)
        entry = s.entry
        told: tuple[Hashable, ...] = (len(s.alerts), id(s.payload), self.line_numbers)
        if isinstance(entry, Message):
            told += (entry.last_seq, entry.finished, entry.action, entry.told, entry.violation)
        content = content_of(s)
        if content is not None:
            told += (len(content.data), content.whole)
        if entry is None or self.tab not in CONTENT_TABS:
            told += (s.now_ns // NS, id(s.log), s.log.total if s.log is not None else 0)
            told += (s.connection.state if s.connection is not None else None, len(s.diagnoses))
            told += (s.trouble, s.alike)
        return same + told

    # The tabs

    @property
    def badges(self) -> dict[int, tuple[str, Style]]:
        """What tabs have to say before they are looked at."""
        s, p = self._subject, self.palette
        found: dict[int, tuple[str, Style]] = {}
        alerts = len(s.alerts)
        if alerts:
            found[tabs.RULES] = (f"·{alerts}", p.warn)
        if s.diagnoses:
            found[tabs.DIAGNOSIS] = ("·!", p.bad)
        if s.connection is not None and s.connection.facts.findings:
            found[tabs.HANDSHAKE] = (f"·{len(s.connection.facts.findings)}", p.warn)
        return found

    def header(self, width: int) -> list[Segment] | None:
        return tabs.bar(width, self.tab, self.badges, self.palette)

    def header_pressed(self, x: int) -> None:
        tab = tabs.tab_at(self.size.width, self.tab, self.badges, x)
        if tab is not None:
            self.action_tab(tab)

    def action_tab(self, number: int) -> None:
        """Go to tab `number`, from 1."""
        if number not in tabs.TABS or number == self.tab:
            return
        self.tab = number
        self.cursor = 0
        self._remake()
        self._jump(0)
        self.sync()
        self.post_message(self.TabChosen(number))

    def action_tab_step(self, step: int) -> None:
        self.action_tab((self.tab - 1 + step) % len(tabs.TABS) + 1)

    def action_whole(self) -> None:
        """Ask for all of the chosen message."""
        s = self._subject
        entry = s.entry
        if s.connection is not None and isinstance(entry, Message) and can_fetch(s):
            wanted = self.PayloadWanted(s.connection.flow_id, entry.direction, entry.seq)
            self.post_message(wanted)

    def action_line_numbers(self) -> None:
        """Line numbers always, never, or where there is room for them."""
        self.line_numbers = {None: True, True: False, False: None}[self.line_numbers]
        self.sync()

    # The tree

    @property
    def chosen_path(self) -> str:
        """Where the chosen node of the tree is, `$.a[0]`; empty where there is no tree."""
        page = self.page
        if not isinstance(page, TreePage) or not 0 <= self.cursor < page.count():
            return ""
        return page.tree.path(page.place(self.cursor))

    json_path = chosen_path

    def action_fold(self) -> None:
        """Fold or unfold the chosen node."""
        page = self.page
        if isinstance(page, TreePage) and page.count():
            page.tree.fold(page.place(self.cursor))
            self.sync()

    def action_fold_all(self) -> None:
        """Fold all below the top, or unfold everything."""
        page = self.page
        if isinstance(page, TreePage):
            page.tree.fold_all(not page.tree.folded)
            self.cursor = 0
            self._jump(0)
            self.sync()

    def line_pressed(self, index: int, x: int) -> bool:
        page = self.page
        if isinstance(page, TreePage) and page.on_handle(index, x):
            self.action_fold()
        return isinstance(page, TreePage)

    # LinesView

    def on_resize(self) -> None:
        self.sync()

    def count(self) -> int:
        return self.page.count()

    def segments(self, index: int, width: int) -> list[Segment]:
        return self.page.line(index, width)

    def move_to(self, index: int) -> None:
        self.page.reach(index + _AHEAD * self.page_height)
        super().move_to(index)
        if isinstance(self.page, TreePage):
            self.page.chosen = self.cursor
            self.refresh()
        else:
            self.sync()

    def action_bottom(self) -> None:
        self.page.reach(self.page.count() + _BOTTOM_STEP)
        self.sync()
        super().action_bottom()

    def scrolled_by_user(self) -> None:
        self.sync()
