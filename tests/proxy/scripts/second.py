"""Comes after ``behaviours.py``: sees what that made of a message."""

import time
from typing import Any

from mitmproxy.script import concurrent


@concurrent  # type: ignore[untyped-decorator]
def wsinspect_message(observation: Any) -> None:
    if observation.connection.path == "/order":
        time.sleep(0.01)
        before = observation.rewritten
        assert before is not None
        observation.rewrite(before + b" second")
