"""Empty states: what is not there, why, and what to do next, with the real address in it. Pure.

`guide` is for a dashboard without connections; the other functions are for panes that are empty
for another reason. All give rows; `centred` places them.
"""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.data.connection import Connection
from wsinspect.tui.data.wire import Hello
from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.figures import count
from wsinspect.tui.draw.palette import Palette

type Row = list[tuple[str, Style]]

DEFAULT_CA = "~/.mitmproxy/mitmproxy-ca-cert.pem"
_NAME = 12


def _examples(address: str, mode: str) -> list[tuple[str, str]]:
    """(client, line) pairs that make a first connection appear."""
    kind = mode.partition(":")[0].partition("@")[0]
    if kind == "reverse":
        url = f"ws://{address}/"
        return [
            ("curl 8.11+", f"curl {url}"),
            ("Python", f"python -m websockets {url}"),
            ("Node 22+", f"node -e 'new WebSocket(\"{url}\")'"),
            ("Chromium", f'new WebSocket("{url}")   # in the developer console'),
        ]
    if kind in ("transparent", "local", "wireguard", "tun"):
        return [
            ("any client", "needs no setting: what passes here is taken up as it is"),
            ("for example", "python -m websockets wss://HOST/PATH"),
        ]
    scheme = "socks5h" if kind == "socks5" else "http"
    proxy = f"{scheme}://{address}"
    chromium = f"socks5://{address}" if kind == "socks5" else proxy
    agent = "socks-proxy-agent" if kind == "socks5" else "https-proxy-agent"
    name = "SocksProxyAgent" if kind == "socks5" else "HttpsProxyAgent"
    return [
        ("curl 8.11+", f"curl --proxy {proxy} --cacert $CA wss://HOST/PATH"),
        ("Python", f"https_proxy={proxy} SSL_CERT_FILE=$CA python -m websockets wss://HOST/PATH"),
        ("Node", f'new WebSocket(url, {{agent: new {name}("{proxy}")}})   # npm: ws, {agent}'),
        ("Chromium", f"chromium --proxy-server={chromium} --proxy-bypass-list='<-loopback>'"),
    ]


def first_steps(hello: Hello, palette: Palette) -> list[Row]:
    """How to point a client here."""
    p = palette
    address = hello.listen[0] if hello.listen else "127.0.0.1:8080"
    mode = hello.mode[0] if hello.mode else "regular"
    rows: list[Row] = [
        [("No connection yet. ", p.strong), ("Point a client at ", p.text), (address, p.title)],
        [],
    ]
    for client, line in _examples(address, mode):
        rows.append([(f"{client:<{_NAME}}", p.label), (line, p.text)])
    if not mode.startswith("reverse"):
        ca = hello.ca or DEFAULT_CA
        rows += [
            [],
            [(f"{'wss':<{_NAME}}", p.label), (f"CA={ca}", p.text)],
            [
                (" " * _NAME, p.label),
                ("clients must trust it; Node: NODE_EXTRA_CA_CERTS=$CA", p.faint),
            ],
        ]
    rows += [[], [("or watch the built-in story: ", p.label), ("wsinspect demo", p.text)]]
    return rows


def no_frames(connection: Connection | None, hello: Hello | None, p: Palette) -> list[Row]:
    """A connection without frames to show."""
    if connection is None:
        return [
            [("No connection is chosen. ", p.strong)],
            [("Choose one above: ↑ ↓ or a click. Its frames come here.", p.label)],
        ]
    passed = connection.frames
    if passed and hello is not None and "recording" in hello.mode:
        return [
            [(f"Its {count(passed)} frames are not in this recording. ", p.strong)],
            [("It was written with --record connections, or is not whole.", p.label)],
        ]
    logged = hello is not None and bool(hello.log)
    if connection.ended and passed:
        where = f"The log has them: {hello.log}" if hello and logged else "No log was kept."
        return [
            [(f"Its {count(passed)} frames are no longer here. ", p.strong)],
            [(where, p.label)],
        ]
    if passed:
        return [
            [(f"{count(passed)} frames passed before anyone watched. ", p.strong)],
            [("New ones appear here as they come.", p.label)],
        ]
    if connection.ended:
        return [[("It ended without a single frame. ", p.strong)],
                [("i shows how it ended, 4 its handshake.", p.label)]]  # fmt: skip
    return [
        [("No frame yet. ", p.strong)],
        [("The connection stands; 4 shows its handshake.", p.label)],
    ]


def filtered_out(total: int, what: str, text: str, p: Palette) -> list[Row]:
    """A filter that hides everything. `what`: `connections` or `entries`."""
    return [
        [("The filter hides all ", p.strong), (f"{count(total)} {what}", p.strong)],
        [(text, p.title)],
        [("F", p.key), (" takes it off, ", p.label), ("f", p.key), (" changes it", p.label)],
    ]


def all_ended(total: int, p: Palette) -> list[Row]:
    """Ended connections are hidden, and there are no others."""
    return [
        [(f"All {count(total)} connections have ended.", p.strong)],
        [("e", p.key), (" shows them, ", p.label), ("v", p.key), (" how they ended", p.label)],
    ]


def no_payloads(p: Palette) -> list[Row]:
    """A recording that has events but no content."""
    return [
        [("This recording has no payloads.", p.strong)],
        [("Sizes, times, flags and ends are all here; content was not kept.", p.label)],
        [("Record it: ", p.label), ("wsinspect --payloads preview", p.text)],
        [("(or full). Rules mask what they find before it is written.", p.faint)],
    ]


def proxy_lost(reason: str, address: str, p: Palette) -> list[Row]:
    """The proxy cannot be reached."""
    rows: list[Row] = [[("The proxy is gone.", p.bad)]]
    if reason:
        rows.append([(reason, p.label)])
    return [
        *rows,
        [("What is shown is the last that was known; it goes on when the proxy is back.", p.text)],
        [("by hand: ", p.label), (f"wsinspect attach {address}".rstrip(), p.text)],
    ]


def unreadable(reason: str, path: str, p: Palette) -> list[Row]:
    """A recording that is none, or broken from its start."""
    return [
        [("This file cannot be shown.", p.bad)],
        [(path, p.title)],
        [(reason, p.text)],
        [],
        [("What can: a log of wsinspect (JSON Lines) or a HAR file with WebSocket", p.label)],
        [("messages, both also packed with gzip; flows that mitmproxy saved.", p.label)],
        [("q", p.key), (" leaves", p.label)],
    ]


def empty_recording(path: str, p: Palette) -> list[Row]:
    """A recording without a connection."""
    return [
        [("No connection is in this recording.", p.strong)],
        [(path, p.title)],
        [
            (
                "If a proxy still writes to it, what comes appears here. Else look whether it is",
                p.label,
            )
        ],
        [
            ("the right file: ", p.label),
            ("wsinspect run --log FILE", p.text),
            (" writes one.", p.label),
        ],
    ]


def centred(rows: Sequence[Row], width: int, height: int) -> list[list[Segment]]:
    """Rows in the middle of `width` × `height`; without free lines where it is low."""
    shown = list(rows)
    if len(shown) + 2 > height:
        shown = [row for row in shown if row]
    widest = max((sum(cell_len(text) for text, _ in row) for row in shown), default=0)
    left = max(1, (width - widest) // 2)
    top = max(0, (height - len(shown)) // 2)
    lines: list[list[Segment]] = [[] for _ in range(top)]
    for row in shown:
        line = [Segment(" " * left)]
        room = width - left - 1
        for text, style in row:
            segment = Segment(clip(text, room), style)
            room -= segment.cell_length
            line.append(segment)
        lines.append(line)
    return lines


def guide(hello: Hello | None, palette: Palette, width: int, height: int) -> list[list[Segment]]:
    """A dashboard without connections: how to make the first one, in the middle."""
    if hello is None:
        rows: list[Row] = [[("Waiting for the proxy …", palette.label)]]
    elif "recording" in hello.mode:
        rows = empty_recording(hello.log or "", palette)
    else:
        rows = first_steps(hello, palette)
    return centred(rows, width, height)
