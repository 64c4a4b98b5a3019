"""The keys of a rule file, with what an editor says of them.

Owns: which keys there are, in one place for the reader, the JSON Schema and the docs' test.
Must not know: what a value may be (``read*.py``, ``json_schema.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "ACTION_KEYS",
    "ACTION_WORDS",
    "DEFAULTS_KEYS",
    "ENTROPY_KEYS",
    "EXACT_KEYS",
    "FILE_KEYS",
    "FIND_KEYS",
    "HOMES",
    "LIST_FILE_KEYS",
    "RULE_KEYS",
    "TEST_KEYS",
    "TEXT_TEST_KEYS",
    "THRESHOLD_KEYS",
    "WHEN_KEYS",
]

type Keys = Mapping[str, str]

FILE_KEYS: Final[Keys] = {
    "version": "The version of this language: 1.",
    "include": "Other rule files, relative to this one; their rules come first.",
    "defaults": "What rules of this file have that do not say otherwise.",
    "packs": "Names of gitleaks files (TOML), relative to this file. `secrets` is built in.",
    "lists": "Names of lists of words, globs or networks: inline, or a file with one a line.",
    "rules": "The rules. Where several hit one message, the strictest action wins.",
}
DEFAULTS_KEYS: Final[Keys] = {
    "mode": "enforce, or shadow: only say what would have happened.",
    "decode": "Which encodings are looked into. Without it all are.",
    "streams": "Whether messages of one connection and direction are also looked at joined.",
    "on_error": "When a message cannot be scanned: log (and forward) or block. "
    "Without it the proxy's --on-error decides.",
    "severity": "Of the alerts: low, medium, high or critical.",
}
RULE_KEYS: Final[Keys] = {
    "id": "Unique name: letters, digits, . _ -",
    "say": "One sentence: what the rule does. It is the alert's signature.",
    "severity": DEFAULTS_KEYS["severity"],
    "when": "Which connections and messages the rule is for; all that is given must hold.",
    "find": "What to look for in them. Without it the rule acts on every such message.",
    "do": "What to do then: one action or a list.",
    "threshold": "Act only from the n-th finding in a time on.",
    "mode": DEFAULTS_KEYS["mode"],
    "decode": DEFAULTS_KEYS["decode"],
    "streams": DEFAULTS_KEYS["streams"],
    "on_error": DEFAULTS_KEYS["on_error"],
    "tests": "Examples with their result; `wsinspect rules test` and every load run them.",
    "enabled": "false: the rule is checked, but not used.",
}
WHEN_KEYS: Final[Keys] = {
    "direction": "to_server or to_client.",
    "host": "The server's name, with or without its port. Case does not matter.",
    "path": "The request's path, with or without its query.",
    "subprotocol": "The subprotocol that the server chose; empty if none.",
    "origin": "The Origin header. Case does not matter.",
    "client": "The client's address: addresses and networks, such as 10.0.0.0/8.",
    "app": "The application protocol, as it shows in subprotocol and path.",
    "opcode": "text, binary, ping, pong, close. Without it text and binary; "
    "of rules with find the payloads of the others too.",
    "size": 'Bytes of payload: ">1MiB", "<=100", "1k..64k" or a number.',
    "flow": "A filter expression of mitmproxy, asked once, at the handshake.",
}
TEXT_TEST_KEYS: Final[Keys] = {
    "in": "One of these globs, or the name of a list.",
    "not_in": "None of these globs, or of the list with this name.",
    "regex": "RE2, anywhere in the value.",
}
FIND_KEYS: Final[Keys] = {
    "detector": "Built-in detectors, by name.",
    "pack": "All rules of a pack, by its name in `packs`, or `secrets`.",
    "only": "Of the pack only these ids.",
    "except": "Of the pack all but these ids.",
    "regex": "RE2. A group in it, if any, is what is found.",
    "words": "Whole words, case does not matter: a list, the name of one, or {file: …}.",
    "json": "A JSON path, such as $.user..password: look into these leaves only; "
    "alone: find the leaf itself.",
    "exact": "Values that are known only as keyed hashes, in a file.",
    "entropy": "Long tokens that look random: bits a character, such as 4.5.",
    "unless": "RE2: what is found is none if one of these matches it.",
    "near": "One of these words must stand nearby: a list, or the name of one.",
    "within": "How many characters before or after count as nearby: 40.",
}
EXACT_KEYS: Final[Keys] = {
    "file": "The file of keyed hashes, relative to this file.",
    "key": "env:NAME, the variable that has the key.",
}
ENTROPY_KEYS: Final[Keys] = {
    "least_bits": "Shannon entropy a character, above 0, at most 8.",
    "least_len": "The shortest token, in characters: 20.",
}
LIST_FILE_KEYS: Final[Keys] = {
    "file": "One word a line, UTF-8, relative to this file; lines that begin with # are skipped.",
}
THRESHOLD_KEYS: Final[Keys] = {
    "count": "How many findings it takes.",
    "unique": "Whether only different values count.",
    "per": "Counted for each connection, client or host.",
    "seconds": "The length of the window.",
}
TEST_KEYS: Final[Keys] = {
    "text": "A text message.",
    "base64": "A binary message, in base64.",
    "messages": "Several messages of one connection; the result is that of the last one.",
    "expect": "pass, log, alert, redact, block, close, or the exact text that leaves.",
    "direction": "Without it, as the rule's when has it.",
    "host": "Without it, one that the rule's when has.",
    "path": "Without it, one that the rule's when has.",
    "subprotocol": "Without it, one that the rule's when has.",
    "opcode": "Without it text or binary, by the form of the message.",
}
ACTION_WORDS: Final[Keys] = {
    "log": "Note it.",
    "alert": "Raise an alert.",
    "redact": "Put a fixed text in the place of what was found.",
    "mask": "Put * in the place of its letters and digits.",
    "hash": "Put a keyed hash in its place.",
    "tokenize": "Put a keyed token in its place: the same value, the same token.",
    "block": "Drop the message.",
    "close": "Drop the message and close the connection towards both sides.",
    "throttle": "Slow the direction down.",
}
ACTION_KEYS: Final[Mapping[str, Keys]] = {
    "log": {},
    "alert": {},
    "redact": {"with": 'The text that is put there: "[redacted]".'},
    "mask": {
        "keep_first": "Letters and digits that stay at the begin: 0.",
        "keep_last": "Letters and digits that stay at the end: 0.",
    },
    "hash": {"key": "env:NAME; without it the key of the fingerprints."},
    "tokenize": {"key": "env:NAME; without it the key of the fingerprints."},
    "block": {},
    "close": {
        "code": "The close code: 1008.",
        "reason": "The close reason, at most 123 bytes.",
    },
    "throttle": {"messages_per_second": "The rate that is let through."},
}
#: Where a key belongs that stands in a wrong place.
HOMES: Final[Keys] = {
    key: where
    for where, keys in (
        ("the top of the file", FILE_KEYS),
        ("a test", TEST_KEYS),
        ("threshold", THRESHOLD_KEYS),
        ("do", ACTION_WORDS),
        ("find", FIND_KEYS),
        ("when", WHEN_KEYS),
        ("a rule", RULE_KEYS),
        ("a rule, or into defaults", DEFAULTS_KEYS),
    )
    for key in keys
}
