"""What rules say of a message: severities and dispositions in words (docs/log.md)."""

from wsinspect.tui.explain.explanation import LOG, Explanation

_RULES = "docs/rules.md"
_SEVERITIES: dict[str, tuple[str, str]] = {
    "low": ("Worth knowing, nothing to do now.", ""),
    "medium": ("Should be looked at in working hours.", ""),
    "high": ("Should be looked at now.", "Find out who sends it, and whether it has to be sent."),
    "critical": (
        "A secret or a person's data is out.",
        "Revoke what was sent, then stop its sender.",
    ),
}
_DISPOSITIONS: dict[str, tuple[str, str]] = {
    "logged": ("Noted only: the message went on as it came.", "`redact` or `block` would stop it."),
    "redacted": ("What was found was masked in the message before it went on.", ""),
    "blocked": ("The message did not go on; the connection stayed.", ""),
    "closed": ("The message did not go on, and the connection was ended.", ""),
    "throttled": ("The message went on later than it came.", ""),
    "shadow": ("The rule runs in shadow mode: it says what it would have done.", ""),
}
SEVERITIES = tuple(_SEVERITIES)
DISPOSITIONS = tuple(_DISPOSITIONS)


def severity(word: str) -> Explanation | None:
    """One of `SEVERITIES`."""
    if word not in _SEVERITIES:
        return None
    say, advice = _SEVERITIES[word]
    return Explanation(word, say, _RULES, advice)


def disposition(word: str) -> Explanation | None:
    """One of `DISPOSITIONS`."""
    if word not in _DISPOSITIONS:
        return None
    say, advice = _DISPOSITIONS[word]
    return Explanation(word, say, f"{LOG}; {_RULES}", advice)
