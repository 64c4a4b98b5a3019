"""The empty state: what to do next, with the real address in it. Pure.

Lines for curl, Python, Node and Chromium, by the proxy's mode.
"""

from rich.segment import Segment
from rich.style import Style

from wsinspect.tui.data.wire import Hello
from wsinspect.tui.draw.cells import clip
from wsinspect.tui.draw.palette import Palette

type Row = list[tuple[str, Style]]

DEFAULT_CA = "~/.mitmproxy/mitmproxy-ca-cert.pem"


def _examples(address: str, mode: str) -> list[tuple[str, str]]:
    """(client, line) pairs that make a first connection appear."""
    kind = mode.partition(":")[0]
    if kind == "reverse":
        url = f"ws://{address}/"
        return [
            ("curl 8.11+", f"curl {url}"),
            ("Python", f"python -m websockets {url}"),
            ("Node 22+", f"node -e 'new WebSocket(\"{url}\")'"),
            ("Chromium", f'new WebSocket("{url}")   # in the developer console'),
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


def _rows(hello: Hello, palette: Palette) -> list[Row]:
    p = palette
    address = hello.listen[0] if hello.listen else "127.0.0.1:8080"
    mode = hello.mode[0] if hello.mode else "regular"
    rows: list[Row] = [
        [("No connection yet. ", p.strong), ("Point a client at ", p.text), (address, p.title)],
        [],
    ]
    for client, line in _examples(address, mode):
        rows.append([(f"{client:<12}", p.label), (line, p.text)])
    if not mode.startswith("reverse"):
        ca = hello.ca or DEFAULT_CA
        rows += [
            [],
            [(f"{'wss':<12}", p.label), (f"CA={ca}", p.text)],
            [
                (" " * 12, p.label),
                ("clients must trust it; Node: NODE_EXTRA_CA_CERTS=$CA", p.faint),
            ],
        ]
    rows += [[], [("or watch the built-in story: ", p.label), ("wsinspect demo", p.text)]]
    return rows


def guide(hello: Hello | None, palette: Palette, width: int, height: int) -> list[list[Segment]]:
    """The lines, placed in the middle of `width` × `height`."""
    if hello is None:
        rows: list[Row] = [[("Waiting for the proxy …", palette.label)]]
    else:
        rows = _rows(hello, palette)
    if len(rows) + 2 > height:
        rows = [row for row in rows if row]
    widest = max(sum(len(text) for text, _ in row) for row in rows)
    left = max(1, (width - widest) // 2)
    top = max(0, (height - len(rows)) // 2)
    lines: list[list[Segment]] = [[] for _ in range(top)]
    for row in rows:
        line = [Segment(" " * left)]
        room = width - left - 1
        for text, style in row:
            text = clip(text, room)
            room -= len(text)
            line.append(Segment(text, style))
        lines.append(line)
    return lines
