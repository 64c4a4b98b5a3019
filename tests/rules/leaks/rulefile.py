"""The rule file of the leak tests: for each action rules that see every kind of secret.

Owns: the file and those beside it. An action's rules are for the connections to ``/ACTION…``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.rules.leaks.planted import Secret, of_kind
from wsinspect.rules.detect.exact import make_exact

GITLEAKS = Path(__file__).parents[1] / "data" / "gitleaks.toml"
EXACT_KEY = "LEAK_EXACT_KEY"
HASH_KEY = "LEAK_HASH_KEY"

ACTIONS = {
    "log": "log",
    "alert": "alert",
    "redact": "redact",
    "mask": "{mask: {keep_last: 4}}",
    "hash": f"{{hash: {{key: env:{HASH_KEY}}}}}",
    "tokenize": "tokenize",
    "block": "block",
    "close": "{close: {code: 1008, reason: policy}}",
    "throttle": "{throttle: {messages_per_second: 1000000}}",
    "shadow": "redact",
    "onerror": "redact",
}
_FINDS = {
    "card": "{detector: credit-card}",
    "key": "{pack: gitleaks, only: [aws-access-token, github-pat]}",
    "password": '{json: "$..password"}',
    "word": "{words: names}",
    "exact": f"{{exact: {{file: values.hashes, key: env:{EXACT_KEY}}}}}",
}


def write_rules(folder: Path, secrets: Sequence[Secret], exact_key: str) -> Path:
    """The inputs: they hold words, so nobody greps this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [secret.text for secret in of_kind(secrets, "word")]
    (folder / "names.txt").write_text("\n".join(words) + "\n")
    values = [secret.text for secret in of_kind(secrets, "exact")]
    (folder / "values.hashes").write_bytes(make_exact(values, exact_key.encode()))
    lines = [
        "version: 1",
        f"packs: {{gitleaks: {json.dumps(str(GITLEAKS))}}}",
        "lists: {names: {file: names.txt}}",
        "rules:",
    ]
    for name, do in ACTIONS.items():
        for kind, find in _FINDS.items():
            lines += [
                f"  - id: {name}-{kind}",
                f"    say: {name} a {kind}",
                f'    when: {{path: "/{name}*"}}',
                f"    find: {find}",
                f"    do: {do}",
            ]
            if name == "shadow":
                lines.append("    mode: shadow")
            if name == "onerror":
                lines.append("    on_error: block")
    path = folder / "rules.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path
