"""One row of the pack ``secrets``, and the two forms that a row can have.

Owns: what stands before and behind a credential. Must not know: any provider.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["HEX_UUID", "Secret", "named", "token"]

HEX_UUID: Final = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

_END: Final = r"(?:[^0-9A-Za-z_-]|\z)"
_BASE64_END: Final = r"(?:[^0-9A-Za-z_+/=-]|\z)"
# = := => ?= : of configuration and code, > of XML, a comma between two quoted arguments.
_ASSIGNED: Final = r"""(?:["'`]?\s{0,3}(?:[:?.|]{0,3}=>?|:|>)\s{0,8}["'`]?|["'`],\s{0,3}["'`])"""


class Secret(NamedTuple):
    """``regex`` has one group, the credential. ``entropy``: it must have more bits a character.
    ``blob``: a piece of base64 data can look like it, so it must not be in the middle of some."""

    id: str
    say: str
    keywords: tuple[str, ...]
    regex: str
    entropy: float
    blob: bool = False


def token(
    id: str,  # noqa: A002
    say: str,
    keywords: str,
    regex: str,
    *,
    entropy: float = 3.0,
    begin: str = r"\b",
    base64: bool = False,
    blob: bool = False,
) -> Secret:
    """A credential that is known by its own form. ``keywords``: one of these words is in it."""
    end = _BASE64_END if base64 or blob else _END
    return Secret(id, say, tuple(keywords.split()), f"{begin}({regex}){end}", entropy, blob)


def named(
    id: str,  # noqa: A002
    say: str,
    keywords: str,
    regex: str,
    *,
    entropy: float = 2.8,
) -> Secret:
    """A credential that looks like many things: a name of its provider must be assigned it.

    ``datadog_api_key = "…"``, ``"datadog": "…"``, ``DATADOG-KEY: …``.
    """
    names = "|".join(word.replace(".", r"\.") for word in keywords.split())
    before = rf"(?i:{names})[0-9A-Za-z_ .-]{{0,40}}{_ASSIGNED}"
    return Secret(id, say, tuple(keywords.split()), f"{before}({regex}){_BASE64_END}", entropy)
