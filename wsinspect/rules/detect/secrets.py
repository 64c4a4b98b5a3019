"""The built-in pack ``secrets``: credentials of more than a hundred providers.

Owns: making patterns of the tables. The regexes are our own, from the formats that the vendors
publish. Where a credential has no form of its own, a name of its provider must be assigned it.
Placeholders (``xxxx…``) fall to the entropy that each row asks for.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from wsinspect.rules.detect.pack import Pack
from wsinspect.rules.detect.pattern import Context, Pattern
from wsinspect.rules.detect.regex_shape import regex_shape
from wsinspect.rules.detect.secrets_apps import APPS
from wsinspect.rules.detect.secrets_cloud import CLOUD
from wsinspect.rules.detect.secrets_code import CODE
from wsinspect.rules.detect.secrets_form import Secret

__all__ = ["SECRETS", "secrets_pack"]

OPEN_MAX_LEN: Final = 2048  # the window of a credential that has no longest length

SECRETS: Final[tuple[Secret, ...]] = (*CLOUD, *CODE, *APPS)


@cache
def secrets_pack() -> Pack:
    return Pack({secret.id: _pattern(secret) for secret in SECRETS})


def _pattern(secret: Secret) -> Pattern:
    max_len = regex_shape(secret.regex).max_len
    return Pattern(
        id=secret.id,
        regex=secret.regex,
        keywords=secret.keywords,
        group=1,
        entropy=secret.entropy,
        check=_is_no_piece if secret.blob else None,
        max_len=OPEN_MAX_LEN if max_len is None else max_len,
        say=secret.say,
    )


def _is_no_piece(context: Context) -> bool:
    """Whether it is not in the middle of base64 data; what may follow it, the regex says."""
    return context.data[context.start - 1 : context.start] not in {b"+", b"/"}
