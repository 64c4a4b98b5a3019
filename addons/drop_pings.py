"""Example script: no ping reaches the other side, all else passes untouched.

mitmdump -s addons/wsinspect_addon.py -s addons/drop_pings.py --set wsinspect_log=out.jsonl

Shows a hop or an endpoint that does without keepalive: who gives up first, and when?
"""

from typing import Any


def wsinspect_frame(observation: Any) -> None:
    if observation.opcode == "ping":
        observation.drop()
