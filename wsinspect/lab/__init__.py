"""The lab: real WebSocket servers and clients on loopback, playing a story through a proxy.

It owns the demo's traffic and the count of what it did (`Story`). It imports nothing else of
wsinspect: whatever proxy is named is a stranger to it, so its counts can be held against a log.
"""

from wsinspect.lab.story import run_story
from wsinspect.lab.summary import End, Story

__all__ = ["End", "Story", "run_story"]
