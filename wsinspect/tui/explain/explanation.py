"""`Explanation`: a sentence, where it is written, and what to do. Knows not what it explains.

A source is one or more references joined by `; `: `RFC 6455 §5.2`, `IANA WebSocket Close Code
Number Registry`, or `docs/log.md` for words that are this program's own.
"""

import re
from dataclasses import dataclass

IANA_CLOSE = "IANA WebSocket Close Code Number Registry"
IANA_EXTENSIONS = "IANA WebSocket Extension Name Registry"
LOG = "docs/log.md"

_REFERENCE = (
    r"(?:RFC [1-9]\d{3} §[1-9]\d*(?:\.[1-9]\d*)*"
    r"|IANA WebSocket (?:Close Code Number|Opcode|Extension Name|Subprotocol Name) Registry"
    r"|docs/[a-z-]+\.md)"
)
#: What every source looks like, whole.
SOURCE = re.compile(rf"{_REFERENCE}(?:; {_REFERENCE})*")


@dataclass(frozen=True, slots=True)
class Explanation:
    """`title` names the thing, `say` is a sentence or two, `advice` what to check or do."""

    title: str
    say: str
    source: str
    advice: str = ""
