"""What a story did, counted where it happened: at the lab's own clients and servers.

A message is counted as sent before it is handed to the library and as received once the
library handed it over, so that for each direction ``received <= on the wire <= sent`` holds.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Literal, NamedTuple

Initiator = Literal["client", "server"]
Cause = Literal["close_frame", "fin", "rst"]


class End(NamedTuple):
    """How a connection ended; `code` is 1006 where no Close frame was sent (RFC 6455, 7.1.5)."""

    initiator: Initiator
    cause: Cause
    code: int

    def __str__(self) -> str:
        how = f"Close {self.code}" if self.cause == "close_frame" else self.cause.upper()
        return f"{self.initiator} {how}"


@dataclasses.dataclass(slots=True)
class Counts:
    """Messages of one direction, over all connections."""

    sent: int = 0
    received: int = 0


@dataclasses.dataclass(slots=True)
class Story:
    """The totals of one run. Mutable while the story plays; one owner, the stage."""

    seed: int
    duration_s: float = 0.0
    connections: int = 0
    """Opening handshakes answered 101, a wrong accept key included."""
    refused: int = 0
    """Opening handshakes answered with another status."""
    live: int = 0
    live_peak: int = 0
    to_server: Counts = dataclasses.field(default_factory=Counts)
    to_client: Counts = dataclasses.field(default_factory=Counts)
    violations: int = 0
    """Frames that break RFC 6455, sent on purpose; not counted as messages."""
    ends: Counter[End] = dataclasses.field(default_factory=Counter)
    scenes: Counter[str] = dataclasses.field(default_factory=Counter)
    """Connections by scene."""
    errors: Counter[str] = dataclasses.field(default_factory=Counter)
    """What went wrong although the story did not mean it to, e.g. the proxy went away."""

    def opened(self, scene: str) -> None:
        self.connections += 1
        self.scenes[scene] += 1
        self.live += 1
        self.live_peak = max(self.live_peak, self.live)

    def ended(self, end: End) -> None:
        self.live -= 1
        self.ends[end] += 1

    def lines(self) -> list[str]:
        """The summary in words, for a person."""
        scenes = ", ".join(f"{name} {count}" for name, count in sorted(self.scenes.items()))
        ends = ", ".join(f"{end} x{count}" for end, count in sorted(self.ends.items()))
        up, down = self.to_server, self.to_client
        lines = [
            f"The lab played {self.duration_s:.1f} s (seed {self.seed}).",
            f"Connections: {self.connections}, at most {self.live_peak} at once.",
            f"Handshakes refused: {self.refused}.",
            f"Messages to server: {up.sent} sent, {up.received} received.",
            f"Messages to client: {down.sent} sent, {down.received} received.",
            f"Frames that break the protocol on purpose: {self.violations}.",
            f"Scenes: {scenes or 'none'}.",
            f"Ends: {ends or 'none'}.",
        ]
        if self.errors:
            errors = ", ".join(f"{what} x{count}" for what, count in sorted(self.errors.items()))
            lines.append(f"Not meant to happen: {errors}.")
        return lines
