"""A secret split over messages of one connection and direction: stitched and looked at again."""

from wsinspect.rules.streams.judge import ScannerLike, StreamHit
from wsinspect.rules.streams.stitch import Streams

__all__ = ["ScannerLike", "StreamHit", "Streams"]
