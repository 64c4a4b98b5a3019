"""The configuration file: what it takes, and what it says of mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.proxy import ROOT, ProxyProcess, environment
from wsinspect import cli, config
from wsinspect.config import ConfigError, read_config
from wsinspect.routing import Key, Upstream

SECRET = "hush-Zeppelin-9"


def read(folder: Path, text: str, **environment: str) -> config.Config:
    path = folder / "c.yaml"
    path.write_text(text)
    return read_config(str(path), environment)


def problems(folder: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, **environment)
    prefix = f"{folder / 'c.yaml'}:"
    assert all(line.startswith(prefix) for line in caught.value.lines)
    assert SECRET not in str(caught.value)
    return [line.removeprefix(prefix) for line in caught.value.lines]


def test_nothing_is_a_good_file(tmp_path: Path) -> None:
    assert read(tmp_path, "# only this\n") == config.Config(str(tmp_path / "c.yaml"))


def test_options(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "run:\n  mode: [regular, socks5@1081]\n  listen-port: 0\n  log: x.jsonl\n"
        "  rules: rules/a.yaml\n  drain-grace: 30\n  audit: true\n  record: all\n  http: ':9100'\n",
    ).run
    assert found == {
        "mode": ["regular", "socks5@1081"],
        "listen-port": 0,
        "log": str(tmp_path / "x.jsonl"),  # relative to the file
        "rules": [str(tmp_path / "rules/a.yaml")],
        "drain-grace": 30,
        "audit": True,
        "record": "all",
        "http": ":9100",
    }
    assert read(tmp_path, "run: {log: '-'}").run == {"log": "-"}
    assert read(
        tmp_path,
        "run: {pong-deadline: 250, session: [token, sid], session-path: '[1].sid', "
        "sequence-path: /n=(\\d+)/}",
    ).run == {
        "pong-deadline": 250,
        "session": ["token", "sid"],
        "session-path": "[1].sid",
        "sequence-path": r"/n=(\d+)/",
    }


def test_routes(tmp_path: Path) -> None:
    (route, plain) = read(
        tmp_path,
        """
routes:
  - name: feeds
    host: ["*.Feeds.example", feeds.example]
    port: [443, 8443]
    path: /v2/*
    via:
      - socks5h://u%3As:p%40w@[::1]:1081
      - {url: "https://proxy.example", user: "s-{key}", password: env:FEED}
      - env:WHOLE
    choose: key
    key: {header: X-Feed}
    sticky: connection
    headers: {X-Token: env:FEED, X-Gone: ~}
    subprotocol: "a,  b"
  - via: direct
""",
        FEED=SECRET,
        WHOLE=f"socks5://me:{SECRET}@10.0.0.1",
    ).routes
    assert route.hosts == ("*.feeds.example", "feeds.example")
    assert route.ports == {443, 8443}
    assert route.via == (
        Upstream("socks5h", "::1", 1081, "u:s", "p@w"),
        Upstream("https", "proxy.example", 443, "s-{key}", SECRET),
        Upstream("socks5", "10.0.0.1", 1080, "me", SECRET),
    )
    assert route.key == Key("header", "X-Feed")
    assert route.headers == ((b"X-Token", SECRET.encode()), (b"X-Gone", None))
    assert route.subprotocol == b"a,  b"
    assert route.needs_request
    assert plain.via == (Upstream("direct"),)
    assert not plain.needs_request
    assert [one.label for one in route.via][:2] == [
        "socks5h://[::1]:1081",
        "https://proxy.example:443",
    ]
    assert SECRET not in repr(route)
    assert SECRET not in repr(route.via)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rum: {}", '1: unknown key "rum" in the file – did you mean run?'),
        ("run: {recrod: all}", '1: unknown key "recrod" in run – did you mean record?'),
        ("run: {record: frame}", '1: unknown record "frame" – did you mean frames?'),
        ("run: {audit: yes}", "1: audit must be true or false, not a text – did you mean true?"),
        ("run: {listen-port: 70000}", "1: listen-port must be at least 0, at most 65535"),
        ("run: {mode: [revers:http://h]}", '1: unknown mode "revers" – did you mean reverse?'),
        ("run: {http: '1.2.3.4.5:x'}", '1: "1.2.3.4.5:x" is not HOST:PORT'),
        ("run: {http: ':70000'}", '1: ":70000" is not HOST:PORT'),
        (f"run: {{set: [{SECRET}]}}", "1: an entry of set is NAME=VALUE"),
        ("run: [x]", "1: run must be a mapping, not a list"),
        ("- x", "1: a configuration file is a mapping, not a list"),
        ("routes: x", "1: routes must be a list, not a text"),
        ("routes:\n- hots: a", '2: unknown key "hots" in a route – did you mean host?'),
        ("routes:\n- {host: a, host: b}", '2: key "host" is there already, on line 2'),
        (f"routes:\n- via: sokcs5://u:{SECRET}@h", "2: unknown way on \"sokcs5://\" – did you mean socks5://?"),
        (f"routes:\n- via: {SECRET}", '2: unknown way on "this"'),
        (f"routes:\n- via: http://u:{SECRET}@h:99999", "2: this is not a proxy's URL"),
        (f"routes:\n- via: http://u:{SECRET}@h/path", "2: this is not a proxy's URL"),
        ("routes:\n- via: socks5://h:0", "2: this is not a proxy's URL"),
        (f"routes:\n- via: http://u:{SECRET}@{'h' * 64}", "2: this is not a proxy's URL"),
        ("routes:\n- via: env:NOT_THERE", "2: the environment has no NOT_THERE"),
        ("routes:\n- via: {url: 'http://h', password: env:NOT_THERE}", "2: the environment has no"),
        ("routes:\n- via: {user: x}", '2: via has no "url"'),
        ("routes:\n- via: {url: 'socks5://h', user: ünï}", "2: the user of a SOCKS5 proxy must be"),
        ("routes:\n- via: {url: 'http://h', user: 'a:b'}", "2: the user of an HTTP proxy has no"),
        (f"routes:\n- via: {{url: 'socks5://h', user: {'x' * 256}}}", "2: the user has more"),
        ("routes:\n- via: {url: 'https://h', ca: nowhere.pem}", "2: there is no file"),
        ("routes:\n- via: {url: 'socks5://h', user: 's-{key}'}", "2: nothing says what the key is"),
        ("routes:\n- {key: client, via: {url: 'http://h', user: 's-{kye}'}}", "2: {kye} would"),
        ("routes:\n- choose: key", "2: nothing says what the key is"),
        ("routes:\n- key: user", '2: unknown key "user"'),
        ("routes:\n- key: {header: 'a b'}", "2: this is not a header's name"),
        ("routes:\n- sticky: no", '2: unknown sticky "no" – known: connection'),
        ('routes:\n- headers: {"a b": x}', '2: "a b" is not a header\'s name'),
        ('routes:\n- headers: {X-A: "a\\r\\nX-B: b"}', "2: a header's value cannot have a line"),
        ("routes:\n- headers: {X-A: 1, x-a: 2}", "2: a header's value must be a text"),
        ("routes:\n- headers: {X-A: a, x-a: b}", '2: header "x-a" is there already'),
        ("run: {\n", "not YAML"),
        ("--- a\n--- b", "a configuration file is one YAML document"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, line: str) -> None:
    assert any(line in found for found in problems(tmp_path, text)), problems(tmp_path, text)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "rum: 1\nrun: {audit: 3}\nroutes:\n- hots: a\n- via: x://\n")
    assert [line.partition(":")[0] for line in found] == ["1", "2", "4", "5"]


def test_no_such_file() -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_config("/no/such/file.yaml")


def test_the_file_knows_every_option_of_run() -> None:
    """Or says why not: what only a command line can mean, and our own child's."""
    _, commands = cli._parser()
    known = {
        word.removeprefix("--")
        for action in commands["run"]._actions
        for word in action.option_strings
        if word.startswith("--")
    }
    assert known - set(config.RUN_OPTIONS) <= {"help", "config", "until-stdin-ends", "serve"}
    assert set(config.RUN_OPTIONS) <= known
    for action in commands["run"]._actions:
        name = action.dest.replace("_", "-")
        if action.choices is not None and name in config.RUN_OPTIONS:
            assert config.RUN_OPTIONS[name] == tuple(action.choices)


def test_the_modes_are_mitmproxy_s(tmp_path: Path) -> None:
    from mitmproxy.proxy import mode_specs

    known = [
        kind.type_name
        for kind in vars(mode_specs).values()
        if isinstance(kind, type)
        and issubclass(kind, mode_specs.ProxyMode)
        and kind is not mode_specs.ProxyMode
    ]
    assert sorted(config.MODES) == sorted(known)
    text = "run: {mode: [regular@8080, 'reverse:https://h@[::1]:1', SOCKS5], http: '[::1]:0'}"
    assert read(tmp_path, text).run["http"] == "[::1]:0"


# --- on the command line ---


def test_a_mistake_is_exit_2_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"routes:\n- via: sokcs5://u:{SECRET}@h\n")
    ran = subprocess.run(
        [sys.executable, "-m", "wsinspect", "run", "--headless", "--config", str(path)],
        cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"wsinspect: {path}:2: unknown way on")
    assert SECRET not in line


def test_the_command_line_beats_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    other = tmp_path / "from-file.jsonl"
    path.write_text(f"run: {{log: {other}, drain-grace: 1, listen-host: 127.0.0.3}}\n")
    with ProxyProcess(tmp_path / "p", "--config", str(path)) as proxy:
        assert "127.0.0.3" in proxy.output
    assert proxy.log()[-1]["event_type"] == "stats"
    assert not other.exists()
    with ProxyProcess(
        tmp_path / "q", "--config", str(path), "--headless", "--listen-host", "127.0.0.1",
        command=[sys.executable, "-m", "wsinspect", "run"],
    ) as proxy:  # fmt: skip
        assert "127.0.0.3" not in proxy.output
    assert other.exists()
