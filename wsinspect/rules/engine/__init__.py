"""The search: many patterns over one block of bytes, by hyperscan or by RE2 alone."""

from wsinspect.rules.engine.confirm import ANYWHERE, MAX_MATCHES, Matches
from wsinspect.rules.engine.regexes import BadRegexError
from wsinspect.rules.engine.scanner import EngineError, Scanner

__all__ = ["ANYWHERE", "MAX_MATCHES", "BadRegexError", "EngineError", "Matches", "Scanner"]
