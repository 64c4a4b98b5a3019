"""The rules of a running proxy: loaded before it listens, reloaded when their files change.

Owns: which rule set is in force, that a broken one never is, and telling the hub, the scripts and
the layers what the rules found. Must not know: how rules work (``rules/``), how bytes travel.

A reload is read, compiled and tested in a thread, and takes the old set\'s place at once; with any
problem the old one stays, loudly. Live connections take the new rules between two messages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mitmproxy import exceptions, http

from wsinspect.model.connection import Connection
from wsinspect.model.events import Alert
from wsinspect.proxy import hooks
from wsinspect.proxy.flow_filter import check_flow, flow_matches
from wsinspect.relay.observation import DirectionName
from wsinspect.rules.alerts import alerts_of
from wsinspect.rules.cache_dir import cache_dir
from wsinspect.rules.failing import FAILURE
from wsinspect.rules.finding import Finding
from wsinspect.rules.handshake import conceal, handshake_findings
from wsinspect.rules.inspector import Inspector as RulesInspector
from wsinspect.rules.language.problems import RuleFileError
from wsinspect.rules.language.scope import ConnectionFacts
from wsinspect.rules.patience import patience
from wsinspect.rules.policy import Desk, Guard
from wsinspect.rules.ruleset import RuleSet, load_rules
from wsinspect.rules.tools.test import run_tests

if TYPE_CHECKING:
    from wsinspect.proxy.addon import Inspector

__all__ = ["BrokenRules", "Guards", "Ruling"]

_COARSE_NS = 10_000_000  # a file's time may lag behind the clock

type Guards = tuple[Guard, Guard]
type Stamp = tuple[tuple[str, int, int, int], ...]


class BrokenRules(exceptions.OptionsError):
    """Rule files that cannot be used; ``lines`` has one for each problem."""

    def __init__(self, lines: Sequence[str], files: Sequence[Path] = ()) -> None:
        super().__init__("; ".join(lines))  # type: ignore[no-untyped-call]
        self.lines = list(lines)
        self.files = list(files)


def _loaded(paths: Sequence[str]) -> RuleSet:
    """Read, compiled, and its own tests passed. Raises BrokenRules."""
    try:
        ruleset = load_rules(
            [Path(path) for path in paths], check_flow=check_flow, cache=cache_dir(), need_keys=True
        )
    except RuleFileError as error:
        files = [Path(problem.file) for problem in error.problems]
        raise BrokenRules([str(problem) for problem in error.problems], files) from None
    failures = run_tests(ruleset).failures
    if failures:
        raise BrokenRules([str(failure) for failure in failures])
    return ruleset


class Ruling:
    """For the life of a proxy. Raises BrokenRules if the first set cannot be used."""

    def __init__(self, inspector: Inspector, paths: Sequence[str]) -> None:
        assert inspector.settings is not None
        self._inspector = inspector
        self._paths = list(paths)
        before = time.time_ns()
        with patience():
            ruleset = _loaded(paths)
        self.desk = Desk(
            RulesInspector(ruleset),
            self,
            on_error=inspector.settings.on_error,
            clock=inspector.hub.clock,
            later=lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call),
        )
        self._watched = ruleset.files
        self._stamp = _stamp(self._watched, before)
        self._reloading: asyncio.Task[None] | None = None
        self._guards: dict[int, Guards] = {}
        for warning in ruleset.warnings:
            inspector.hub.problem(warning)

    # --- connections ---

    def guards(self, connection: Connection, flow: http.HTTPFlow) -> Guards:
        """Of a connection that opens: to the server, to the client."""
        facts = self._facts(connection, flow)
        desk = self.desk
        connection.conceal = lambda text: conceal(desk.inspector, text)
        guards = (
            desk.guard(connection, facts, "to_server"),
            desk.guard(connection, facts, "to_client"),
        )
        self._guards[connection.flow_id] = guards
        return guards

    def opened(self, connection: Connection) -> None:
        """It is on record: now what its handshake says."""
        shake = connection.handshake
        facts = self._guards[connection.flow_id][0].facts
        parts = {
            "uri": shake.uri,
            "origin": shake.origin or "",
            "user_agent": shake.user_agent or "",
            "subprotocols": ", ".join(shake.client_protocols),
        }
        now_ns = self.desk.clock()
        findings = handshake_findings(self.desk.inspector, parts, facts)
        for finding in findings:
            if finding.rule is FAILURE:
                self.failed(connection, f"{finding.detector} while inspecting a handshake")
        for alert in alerts_of(findings, None, None):
            self.alert(connection, now_ns, alert)

    def _facts(self, connection: Connection, flow: http.HTTPFlow) -> ConnectionFacts:
        shake = connection.handshake
        return ConnectionFacts(
            host=shake.host or "",
            path=shake.uri,
            subprotocol=shake.subprotocol or "",
            origin=shake.origin or "",
            client=connection.client[0],
            app=connection.app_proto,
            flow_matches=lambda expression: flow_matches(expression, flow),
        )

    def closed(self, connection: Connection) -> None:
        self.desk.batch.flush()
        self._guards.pop(connection.flow_id, None)

    # --- reload ---

    def look_for_changes(self) -> None:
        """Called once a second: the time and size of the files."""
        if _stamp(self._watched) != self._stamp:
            self.reload()

    def reload(self) -> None:
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.ensure_future(self._reload())

    async def _reload(self) -> None:
        hub = self._inspector.hub
        before = time.time_ns()
        self._stamp = _stamp(self._watched)
        try:
            ruleset = await asyncio.to_thread(_loaded, self._paths)
        except BrokenRules as error:
            # A file that they began to include may be what has to be mended.
            self._watched = tuple(dict.fromkeys((*self._watched, *error.files)))
            self._stamp = _stamp(self._watched, before)
            for line in error.lines:
                hub.problem(line)
            hub.problem("the rules were not reloaded: the old ones stay in force")
            return
        except Exception as error:  # noqa: BLE001 - a reload must not end the proxy
            hub.problem(f"{type(error).__name__} while reloading rules: the old ones stay in force")
            return
        desk = self.desk
        desk.batch.flush()
        old = desk.inspector
        desk.inspector = RulesInspector(ruleset, fingerprints=old.fingerprints, windows=old.windows)
        self._watched = ruleset.files
        self._stamp = _stamp(self._watched, before)
        for guards in list(self._guards.values()):
            for guard in guards:
                guard.renew()
        self._inspector.rules_renewed(self._guards)
        for warning in ruleset.warnings:
            hub.problem(warning)
        hub.problem(f"{len(ruleset.rules)} rules reloaded")

    # --- rules.policy.Reports ---

    def alert(self, connection: Connection, now_ns: int, alert: Alert) -> None:
        self._inspector.hub.alert(connection, now_ns, alert)

    def findings(
        self, connection: Connection, direction: DirectionName, findings: Sequence[Finding]
    ) -> None:
        if findings and any(True for _ in hooks.handlers(hooks.FINDING)):
            told = [_for_scripts(connection, direction, finding) for finding in findings]
            self._inspector.spawn(self._tell_scripts(told))

    async def _tell_scripts(self, told: list[hooks.Found]) -> None:
        for one in told:
            try:
                await hooks.call(hooks.FINDING, one)
            except Exception as error:  # noqa: BLE001 - a script may raise anything
                hooks.script_failed(error)

    def slow(self, connection: Connection, direction: DirectionName, pause_s: float) -> None:
        self._inspector.slow_down(connection.flow_id, direction, pause_s)

    def failed(self, connection: Connection, say: str) -> None:
        self._inspector.hub.inspection_failed(connection, say)


def _for_scripts(connection: Connection, direction: DirectionName, finding: Finding) -> hooks.Found:
    text = finding.view_text
    return hooks.Found(
        connection=connection,
        direction=direction,
        rule=finding.rule.id,
        say=finding.rule.say,
        severity=finding.rule.severity,
        detector=finding.detector,
        path=finding.path,
        start=finding.start_char if text else finding.start,
        end=finding.end_char if text else finding.end,
        length=finding.length,
        masked=finding.masked,
        fingerprint=finding.fingerprint,
        disposition=finding.disposition,
    )


def _stamp(paths: Sequence[Path], read_ns: int | None = None) -> Stamp:
    """When each of them changed last, as far as they are there. ``read_ns``: when they began to be
    read; of one that changed after that it is not known what was read.
    """
    stamps: list[tuple[str, int, int, int]] = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            stamps.append((str(path), 0, 0, 0))
        else:
            changed_ns = stat.st_mtime_ns
            if read_ns is not None and read_ns - _COARSE_NS <= changed_ns <= time.time_ns():
                changed_ns = 0
            stamps.append((str(path), changed_ns, stat.st_size, stat.st_ino))
    return tuple(stamps)
