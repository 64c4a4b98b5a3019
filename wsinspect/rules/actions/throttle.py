"""How long a direction must pause to keep to a rate.

Owns: the arithmetic of a bucket that holds one message. Must not know: clocks (time comes in as
nanoseconds), how a direction is paused.
"""

from __future__ import annotations

__all__ = ["Throttle"]


class Throttle:
    """At most ``messages_per_second``, evenly: no burst after a quiet time.

    Raises:
        ValueError: the rate is not above zero.
    """

    __slots__ = ("_due_ns", "_gap_ns")

    def __init__(self, messages_per_second: float) -> None:
        if not messages_per_second > 0:
            raise ValueError("a rate is above 0 messages per second")
        self._gap_ns = 1e9 / messages_per_second
        self._due_ns = 0.0  # when the next message may go

    def pause_s(self, messages: int, now_ns: int) -> float:
        """Seconds to wait before the last of these ``messages``; 0.0: go at once.

        They count as sent: the next call reckons from where these end.
        """
        if messages <= 0:
            return max(0.0, (self._due_ns - self._gap_ns - now_ns) / 1e9)
        last_ns = max(self._due_ns, float(now_ns)) + (messages - 1) * self._gap_ns
        self._due_ns = last_ns + self._gap_ns
        return (last_ns - now_ns) / 1e9
