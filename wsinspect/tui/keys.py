"""Every key and what it does, as data: bindings, footer and help are all made from these tables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` are Textual key names, the first is the one shown (as `shown` if given).

    `rank` orders the footer, lower first and kept longer; 0 keeps the key out of it.
    """

    keys: str
    action: str
    say: str
    shown: str = ""
    label: str = ""
    rank: int = 0
    priority: bool = False  # taken before the focused widget or the screen sees it

    @property
    def name(self) -> str:
        return self.shown or self.keys.split(",")[0]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    keys: tuple[Key, ...]


MOVE = Group(
    "Move",
    (
        Key("down,j", "cursor(1)", "next row", "↓ j"),
        Key("up,k", "cursor(-1)", "previous row", "↑ k"),
        Key("pagedown,ctrl+f", "page(1)", "a page down", "PgDn ^f"),
        Key("pageup,ctrl+b", "page(-1)", "a page up", "PgUp ^b"),
        Key("ctrl+d", "half_page(1)", "half a page down", "^d"),
        Key("ctrl+u", "half_page(-1)", "half a page up", "^u"),
        Key("home,g", "top", "first row", "Home g"),
        Key("end,G", "bottom", "last row; in the frames: follow the newest again", "End G"),
    ),
)
PANES = Group(
    "Panes",
    (
        Key("tab,shift+tab", "switch_pane", "connections ↔ frames", "Tab", "pane", 3, True),
        Key("enter,l,right", "descend", "connection → its frames → the frame's detail", "Enter"),
        Key("escape,h,left", "ascend", "back", "Esc"),
        Key("i", "toggle_detail", "detail of the chosen frame or connection", "i", "detail", 4),
        Key("z", "zoom", "give the whole screen to one pane", "z", "zoom", 7),
    ),
)
WATCH = Group(
    "Watch",
    (
        Key("space,p", "pause", "pause: hold frames and order; again: follow", "Space", "pause", 2),
        Key("s", "order(1)", "next order of the connections", "s", "sort", 5),
        Key("S", "order(-1)", "previous order", "S"),
        Key("r", "reverse", "reverse the order", "r"),
        Key("e", "toggle_ended", "hide or show ended connections", "e", "ended", 6),
        Key("x", "acknowledge", "acknowledge the problems shown at the top", "x"),
    ),
)
PROGRAM = Group(
    "Program",
    (
        Key("question_mark,f1", "help", "this help", "?", "help", 1),
        Key("q", "quit", "quit the dashboard", "q", "quit", 1),
        Key("ctrl+c,ctrl+q", "quit", "the same, from everywhere", "^c ^q", priority=True),
    ),
)
GROUPS = (MOVE, PANES, WATCH, PROGRAM)
APP_KEYS = (*PANES.keys, *WATCH.keys, *PROGRAM.keys)
FOOTER = tuple(sorted((key for key in APP_KEYS if key.rank), key=lambda key: key.rank))
