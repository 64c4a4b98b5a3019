"""mitmproxy's filter expressions in a rule's ``flow:``.

Owns: reading one and asking it. Must not know: rules.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mitmproxy import flowfilter, http

__all__ = ["check_flow", "flow_matches"]


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Any:
    return flowfilter.parse(expression)


def check_flow(expression: str) -> str | None:
    """What is wrong with it; None: nothing."""
    try:
        _parsed(expression)
    except ValueError as error:
        return str(error)
    return None


def flow_matches(expression: str, flow: http.HTTPFlow) -> bool:
    return bool(_parsed(expression)(flow))
