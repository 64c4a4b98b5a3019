"""Every action and its keys, as data: bindings, footer, help, palette and key map all read this.

An action has a stable `id` (what a key map file names), the panes `where` it applies and what it
`runs`: a Textual action of the pane in use, or of the app where the pane has none. One key may
mean different things in different panes, never in one.
"""

from dataclasses import dataclass

CONNECTIONS = "connections"
FRAMES = "frames"
DETAIL = "detail"
COHORTS = "cohorts"
TIMELINE = "timeline"
EVERYWHERE = (CONNECTIONS, FRAMES, DETAIL, COHORTS, TIMELINE)
LISTS = (CONNECTIONS, FRAMES)
BROWSING = (CONNECTIONS, FRAMES, DETAIL, COHORTS)
DEPTH = (CONNECTIONS, FRAMES, DETAIL)


@dataclass(frozen=True, slots=True)
class Key:
    """One action. `keys` are Textual key names, the first is the one shown (as `shown` if given).

    `rank` orders the footer, lower first and kept longer; 0 keeps the action out of it. `label` is
    its word there. `local` ones are bound by the list that has the keyboard, also in dialogs.
    """

    id: str
    keys: str
    action: str
    say: str
    shown: str = ""
    label: str = ""
    rank: int = 0
    where: tuple[str, ...] = EVERYWHERE
    local: bool = False
    recording: bool = False  # only where a recording is open

    @property
    def name(self) -> str:
        """The keys as people write them: all of them, unless `shown` says otherwise."""
        return self.shown or " ".join(pretty(key) for key in self.keys.split(",") if key)

    @property
    def first(self) -> str:
        """The one key that the footer shows."""
        return (self.shown or self.name).split(" ")[0]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    keys: tuple[Key, ...]


_PRETTY = {
    "down": "↓", "up": "↑", "left": "←", "right": "→", "pagedown": "PgDn", "pageup": "PgUp",
    "home": "Home", "end": "End", "escape": "Esc", "enter": "Enter", "tab": "Tab",
    "shift+tab": "⇧Tab", "space": "Space", "question_mark": "?", "slash": "/", "colon": ":",
    "asterisk": "*", "comma": ",", "full_stop": ".",
    "less_than_sign": "<", "greater_than_sign": ">",
    "minus": "-", "plus": "+", "left_square_bracket": "[", "right_square_bracket": "]",
    "apostrophe": "'", "f1": "F1",
}  # fmt: skip


def pretty(key: str) -> str:
    """A Textual key name as people write it: `ctrl+p` is ^p."""
    if key in _PRETTY:
        return _PRETTY[key]
    if key.startswith("ctrl+"):
        return f"^{pretty(key.removeprefix('ctrl+'))}"
    return key


MOVE = Group(
    "Move",
    (
        Key("down", "down,j", "cursor(1)", "next row", where=BROWSING, local=True),
        Key("up", "up,k", "cursor(-1)", "previous row", where=BROWSING, local=True),
        Key("page-down", "pagedown,ctrl+f", "page(1)", "a page down", where=BROWSING, local=True),
        Key("page-up", "pageup,ctrl+b", "page(-1)", "a page up", where=BROWSING, local=True),
        Key("half-down", "ctrl+d", "half_page(1)", "half a page down", where=BROWSING, local=True),
        Key("half-up", "ctrl+u", "half_page(-1)", "half a page up", where=BROWSING, local=True),
        Key("top", "home,g", "top", "first row", where=BROWSING, local=True),
        Key(
            *("bottom", "end,G", "bottom"),
            "last row; in the frames: follow the newest again",
            where=BROWSING,
            local=True,
        ),
    ),
)
PANES = Group(
    "Panes",
    (
        Key("next-pane", "tab", "switch_pane(1)", "next pane", "", "pane", 3),
        Key("previous-pane", "shift+tab", "switch_pane(-1)", "previous pane"),
        Key(
            *("descend", "enter,l,right", "descend"),
            "connection → its frames → the frame's detail; a cohort → its connections",
            where=(CONNECTIONS, FRAMES, COHORTS),
        ),
        Key("back", "escape", "ascend", "back, the way you came"),
        Key("out", "h,left", "ascend", "the same: back", where=BROWSING),
        Key(
            *("detail", "i", "toggle_detail"),
            "detail of the chosen frame or connection",
            *("", "detail", 6),
            where=DEPTH,
        ),
        Key("zoom", "z", "zoom", "give the whole screen to one pane", "", "zoom", 14),
        Key(
            *("cohorts", "v", "cohorts", "how connections end: cohorts, storms, talkers"),
            *("", "cohorts", 9),
        ),
        Key("split-left", "ctrl+left,less_than_sign", "split(-4,0)", "narrower left pane"),
        Key("split-right", "ctrl+right,greater_than_sign", "split(4,0)", "wider left pane"),
        Key("split-up", "ctrl+up,minus", "split(0,-2)", "lower upper pane"),
        Key("split-down", "ctrl+down,plus", "split(0,2)", "higher upper pane"),
        Key("columns", "comma", "columns", "choose the columns of this list", where=LISTS),
    ),
)
WATCH = Group(
    "Watch",
    (
        Key(
            *("pause", "space,p", "pause", "pause: hold frames and order; again: follow"),
            *("Space", "pause", 2),
            where=DEPTH,
        ),
        Key("acknowledge", "x", "acknowledge", "acknowledge the problems shown at the top"),
        Key(
            *("heartbeats", "b", "heartbeats", "hide or show pings and pongs"),
            *("", "heartbeats", 11),
            where=(FRAMES,),
        ),
        Key(
            *("time", "t", "time_mode", "times: of day, since the opening, since the row before"),
            where=(FRAMES,),
        ),
        Key(
            *("unfold", "u", "unfold", "show the fragments of a message, or fold them"),
            *("", "unfold", 12),
            where=(FRAMES,),
        ),
        Key("unfold-all", "U", "unfold_all", "unfold or fold all messages", where=(FRAMES,)),
    ),
)
ORDER = Group(
    "Order",
    (
        Key(
            *("order", "s", "order(1)", "next order of the connections", "", "sort", 7),
            where=(CONNECTIONS,),
        ),
        Key(
            *("order-back", "S", "order(-1)", "previous order of the connections"),
            where=(CONNECTIONS,),
        ),
        Key("reverse", "r", "reverse", "reverse the order", where=(CONNECTIONS,)),
        Key("talkers-by", "t", "toggle_by", "talkers by bytes or by time", where=(COHORTS,)),
        Key("talkers-per", "u", "toggle_per", "talkers by host or by client", where=(COHORTS,)),
        Key(
            *("ended", "e", "toggle_ended", "hide or show ended connections", "", "ended", 10),
            where=(CONNECTIONS,),
        ),
    ),
)
FIND = Group(
    "Find",
    (
        Key(
            *("filter", "f", "filter", "filter connections and frames", "", "filter", 4),
            where=(CONNECTIONS, FRAMES, COHORTS),
        ),
        Key("filter-off", "F", "clear_filter", "take the filter off", where=BROWSING),
        Key(
            *("search", "slash", "search", "search in the content of frames", "", "search", 5),
            where=BROWSING,
        ),
        Key(
            *("search-all", "asterisk", "search_all", "search in the content of all connections"),
            *("", "search all", 15),
            where=BROWSING,
        ),
        Key("next-match", "n", "next_match(1)", "next match", where=BROWSING),
        Key("previous-match", "N", "next_match(-1)", "previous match", where=BROWSING),
        Key("next-alert", "a", "jump_alert(1)", "next alert of a rule", where=(FRAMES,)),
        Key("previous-alert", "A", "jump_alert(-1)", "previous alert of a rule", where=(FRAMES,)),
        Key(
            *("next-close", "c", "jump_close(1)", "next Close frame or violation"),
            where=(FRAMES,),
        ),
        Key(
            *("previous-close", "C", "jump_close(-1)", "previous Close frame or violation"),
            where=(FRAMES,),
        ),
        Key(
            *("other-half", "o", "other_half", "the other half: ping ↔ pong, request ↔ reply"),
            where=(FRAMES,),
        ),
        Key("next-mark", "apostrophe", "next_mark", "next mark", where=LISTS),
    ),
)
ACT = Group(
    "Act",
    (
        Key("mark", "m", "mark", "mark the row, or unmark it", "", "mark", 13, where=LISTS),
        Key(
            *("copy", "y", "copy", "copy … as text, JSON, hexadecimal, a command, Python"),
            *("", "copy", 8),
            where=DEPTH,
        ),
        Key("save", "w", "save", "save what is marked, or chosen, to a file …", where=DEPTH),
        Key(
            *("diff", "d", "diff", "compare two messages: marked and chosen"),
            where=(FRAMES,),
        ),
        Key(
            *("compare", "D", "compare", "compare two handshakes: marked and chosen"),
            where=(CONNECTIONS,),
        ),
        Key("close", "X", "close_connection", "close the connection with a code …", where=DEPTH),
    ),
)
TABS = Group(
    "Detail",
    (
        Key("tab-text", "1", "tab(1)", "Text", where=DEPTH),
        Key("tab-json", "2", "tab(2)", "JSON as a tree", where=DEPTH),
        Key("tab-hex", "3", "tab(3)", "Hex", where=DEPTH),
        Key("tab-handshake", "4", "tab(4)", "Handshake", where=DEPTH),
        Key("tab-timing", "5", "tab(5)", "Timing", where=DEPTH),
        Key("tab-rules", "6", "tab(6)", "Rules", where=DEPTH),
        Key("tab-diagnosis", "7", "tab(7)", "Diagnosis", where=DEPTH),
        Key("tab-back", "left_square_bracket", "tab_step(-1)", "previous tab", where=DEPTH),
        Key("tab-on", "right_square_bracket", "tab_step(1)", "next tab", where=DEPTH),
        Key("fold", "enter,l,right", "fold", "fold or unfold a JSON node", where=(DETAIL,)),
        Key("fold-all", "f", "fold_all", "fold or unfold all of it", where=(DETAIL,)),
        Key("line-numbers", "L", "line_numbers", "line numbers, or none", where=(DETAIL,)),
        Key("whole", "ctrl+e", "whole", "fetch the whole payload", where=(FRAMES, DETAIL)),
    ),
)
RECORDING = Group(
    "Recording",
    (
        Key(
            *("play", "P", "play", "play the recording, or stop", "", "play", 3),
            recording=True,
        ),
        Key(
            *("earlier", "left", "scrub(-1)", "earlier"),
            where=(TIMELINE,),
            recording=True,
        ),
        Key("later", "right", "scrub(1)", "later", where=(TIMELINE,), recording=True),
        Key("begin", "home", "scrub_to(0)", "to the beginning", where=(TIMELINE,), recording=True),
        Key("finish", "end", "scrub_to(1)", "to the end", where=(TIMELINE,), recording=True),
    ),
)
PROGRAM = Group(
    "Program",
    (
        Key("help", "question_mark,f1", "help", "this help", "?", "help", 1),
        Key("palette", "ctrl+p,colon", "palette", "every command by name", ": ^p", "commands", 6),
        Key("theme", "T", "theme", "next theme"),
        Key(
            "quit",
            "q",
            "quit",
            "quit; traffic goes on where it was attached to, and else ends bit by bit",
            "",
            "quit",
            1,
        ),
    ),
)
GROUPS = (MOVE, PANES, WATCH, ORDER, FIND, ACT, TABS, RECORDING, PROGRAM)
ALL = tuple(key for group in GROUPS for key in group.keys)
# They work from everywhere, dialogs too, and no key map takes them away.
ALWAYS_QUIT = "ctrl+c,ctrl+q"


def applying(table: tuple[Key, ...], pane: str, recording: bool = False) -> tuple[Key, ...]:
    """The actions of `table` that mean something in `pane`."""
    return tuple(key for key in table if pane in key.where and (recording or not key.recording))


def footer(table: tuple[Key, ...], pane: str, recording: bool = False) -> tuple[Key, ...]:
    """What the footer offers in `pane`, the most important first."""
    shown = [key for key in applying(table, pane, recording) if key.rank and key.keys]
    return tuple(sorted(shown, key=lambda key: key.rank))
