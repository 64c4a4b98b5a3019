"""Application protocols over WebSocket: which one it is, and what a message says in one line.

Owns the names of applications, their summaries (`summarize`) and their recognition by a message
(`identify`). Must not know proxies, rules or screens. Everything here is a peer's word: nothing
raises, work is linear in at most CONTENT_MAX bytes, and what comes out is bounded.
"""

from wsinspect.dissect.identify import Confidence, identify
from wsinspect.dissect.reading import CONTENT_MAX
from wsinspect.dissect.summary import Role, Summary
from wsinspect.dissect.table import SUMMARIZERS, app_words, summarize

__all__ = [
    "CONTENT_MAX",
    "SUMMARIZERS",
    "Confidence",
    "Role",
    "Summary",
    "app_words",
    "identify",
    "summarize",
]
