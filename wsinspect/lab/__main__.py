"""``python -m wsinspect.lab --proxy URL --seconds N``: the lab alone, through any HTTP proxy."""

from __future__ import annotations

import argparse
import asyncio
import sys

from wsinspect.lab.story import run_story


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m wsinspect.lab", description=__doc__)
    parser.add_argument("--proxy", required=True, help="the proxy, e.g. http://127.0.0.1:8080")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    try:
        story = asyncio.run(run_story(args.proxy, args.seconds, seed=args.seed))
    except KeyboardInterrupt:
        return 130
    print("\n".join(story.lines()))
    return 1 if story.errors else 0


if __name__ == "__main__":
    sys.exit(main())
