"""Views: a message as its readers will see it, and the way back. Start at expand.py."""

from wsinspect.rules.views.expand import DECODE_NAMES, expand
from wsinspect.rules.views.expansion import Expansion
from wsinspect.rules.views.jsonpath import JsonPath, parse_json_path
from wsinspect.rules.views.rebuild import rebuild
from wsinspect.rules.views.view import LIMITS, Limits, View

__all__ = [
    "DECODE_NAMES",
    "LIMITS",
    "Expansion",
    "JsonPath",
    "Limits",
    "View",
    "expand",
    "parse_json_path",
    "rebuild",
]
