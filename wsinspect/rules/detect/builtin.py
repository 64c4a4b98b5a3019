"""The built-in detectors by name: what ``find: {detector: NAME}`` looks for.

Owns the names. Must not know any format.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wsinspect.rules.detect import accounts, cards, contact, ids, network, tokens
from wsinspect.rules.detect.pattern import Pattern

__all__ = ["BUILTIN"]

_ALL: Final = (
    cards.CREDIT_CARD,
    contact.EMAIL,
    contact.PHONE,
    accounts.IBAN,
    accounts.US_ABA_ROUTING,
    accounts.BITCOIN_ADDRESS,
    accounts.ETHEREUM_ADDRESS,
    *ids.NATIONAL_IDS.values(),
    tokens.JWT,
    tokens.PRIVATE_KEY,
    tokens.AWS_ACCESS_KEY,
    tokens.GITHUB_TOKEN,
    tokens.SLACK_TOKEN,
    tokens.STRIPE_KEY,
    tokens.URL_CREDENTIALS,
    tokens.DB_CONNECTION,
    network.IP_ADDRESS,
    network.MAC_ADDRESS,
)

#: Each detector's patterns; any of them finds it. ``pattern.id`` is the detector's name.
BUILTIN: Final[Mapping[str, tuple[Pattern, ...]]] = MappingProxyType(
    {patterns[0].id: patterns for patterns in _ALL}
)
