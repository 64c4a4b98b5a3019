"""The interface between the relay and whoever may change or stop traffic.

A policy is compiled for one connection at its handshake. With none, original bytes pass at
once. With one, the relay shows it frames or joined messages before anything of them leaves.
"""

from __future__ import annotations

from typing import Literal, Protocol

from wsinspect.relay.observation import Observation

__all__ = ["OnError", "OnViolation", "Policy"]

OnViolation = Literal["pass", "close"]
OnError = Literal["open", "closed"]


class Policy(Protocol):
    """What a connection's policy wants to see, and its judgement.

    ``judge`` answers by the observation's methods. With ``outside`` the relay does not call it:
    the direction waits with ``question`` set until its owner has answered (a script that may
    take its time) and reads nothing more meanwhile.
    """

    frames: bool
    messages: bool
    outside: bool

    def judge(self, observation: Observation) -> None: ...
