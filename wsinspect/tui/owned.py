"""A proxy that ends with its dashboard: what the dashboard needs of it. No Textual."""

from typing import Protocol


class Owned(Protocol):
    """The proxy that was started for this dashboard."""

    grace_s: float  # its connections' ends are spread over this time

    @property
    def over(self) -> bool:
        """Whether it has ended."""

    def end(self) -> None:
        """Let it begin to end: its connections are told one after the other. Returns at once."""
