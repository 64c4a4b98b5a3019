"""What is said when the dashboard crashes: where, never with what. Pure.

Locals and the texts of exceptions may hold payloads, so neither is shown.
"""

import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parents[1].name
_INNERMOST = 30  # places that are told


def crash_report(error: BaseException) -> str:
    """One line that says what happened, then the way there."""
    lines: list[str] = []
    at = ""
    chain: BaseException | None = error
    seen: set[int] = set()
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        places = [
            f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(chain.__traceback__)
        ]
        at = at or (places[-1] if places else "an unknown place")
        lines += [f"{_name(chain)} raised:" if not lines else f"while handling {_name(chain)}:"]
        lines += [f"  {place}" for place in places[-_INNERMOST:]]
        chain = chain.__cause__ or chain.__context__
    return "\n".join(
        [
            f"wsinspect: the dashboard crashed: {_name(error)} at {at}",
            *lines,
            "This is a bug. Nothing that passed is in this text: it can be reported as it is.",
        ]
    )


def _name(error: BaseException) -> str:
    return type(error).__name__


def _short(filename: str) -> str:
    """From the package on."""
    parts = Path(filename).parts
    for package in (_PACKAGE, "site-packages"):
        if package in parts:
            last = len(parts) - 1 - parts[::-1].index(package)
            return "/".join(parts[last:])
    return parts[-1] if parts else filename
