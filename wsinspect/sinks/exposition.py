"""Prometheus' text format, version 0.0.4: names, units, labels, escapes.

Owns: the form of an exposition. Must not know: what is measured. The tests parse it with
Prometheus' own client library.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

__all__ = ["CONTENT_TYPE", "Exposition", "Histogram"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

type Labels = Mapping[str, str]
type Sample = tuple[Labels, float]


class Histogram:
    """Observations in buckets with upper bounds ``bounds`` (ascending), in the metric's unit."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)  # the last: above all bounds
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Exposition:
    """Collects families; each is given whole and once."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def counter(self, name: str, say: str, samples: Iterable[Sample] | float) -> None:
        """``name`` ends in ``_total``."""
        self._family(name, "counter", say, samples)

    def gauge(self, name: str, say: str, samples: Iterable[Sample] | float) -> None:
        self._family(name, "gauge", say, samples)

    def histogram(self, name: str, say: str, histogram: Histogram) -> None:
        self._head(name, "histogram", say)
        below = 0
        for bound, count in zip(histogram.bounds, histogram.counts, strict=False):
            below += count
            self._sample(f"{name}_bucket", {"le": _number(bound)}, below)
        everything = below + histogram.counts[-1]
        self._sample(f"{name}_bucket", {"le": "+Inf"}, everything)
        self._sample(f"{name}_sum", {}, histogram.total)
        self._sample(f"{name}_count", {}, everything)

    def text(self) -> str:
        return "".join(self._lines)

    def _family(
        self,
        name: str,
        kind: Literal["counter", "gauge"],
        say: str,
        samples: Iterable[Sample] | float,
    ) -> None:
        self._head(name, kind, say)
        if isinstance(samples, int | float):
            samples = [({}, samples)]
        for labels, value in samples:
            self._sample(name, labels, value)

    def _head(self, name: str, kind: str, say: str) -> None:
        text = say.replace("\\", r"\\").replace("\n", r"\n")
        self._lines.append(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")

    def _sample(self, name: str, labels: Labels, value: float) -> None:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        braces = f"{{{inside}}}" if inside else ""
        self._lines.append(f"{name}{braces} {_number(value)}\n")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
