"""``python -m wsinspect.lab --proxy URL --seconds N``: the lab alone, through any HTTP proxy."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from wsinspect.lab.story import run_story
from wsinspect.lab.summary import Story


async def _play(args: argparse.Namespace) -> Story:
    if args.until_stdin_ends:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def on_stdin() -> None:
            if not os.read(0, 4096):
                loop.remove_reader(0)
                task.cancel()

        loop.add_reader(0, on_stdin)
    return await run_story(args.proxy, args.seconds, seed=args.seed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m wsinspect.lab", description=__doc__)
    parser.add_argument("--proxy", required=True, help="the proxy, e.g. http://127.0.0.1:8080")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until-stdin-ends", action="store_true", help="stop with the parent")
    args = parser.parse_args()
    try:
        story = asyncio.run(_play(args))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    print("\n".join(story.lines()))
    return 1 if story.errors else 0


if __name__ == "__main__":
    sys.exit(main())
