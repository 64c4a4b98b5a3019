"""Example script: every text message is shouted, both ways; binary messages pass untouched.

mitmdump -s addons/wsinspect_addon.py -s addons/uppercase_chat.py --set wsinspect_log=out.jsonl

Shows how a message is rewritten: fragments and compression are wsinspect's business.
"""

from typing import Any


def wsinspect_message(observation: Any) -> None:
    if observation.opcode == "text":
        observation.rewrite(observation.text.upper())
