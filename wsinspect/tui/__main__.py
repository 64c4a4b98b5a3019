"""`python -m wsinspect.tui SOCKET`: the dashboard alone, on a running proxy's socket."""

import sys

from wsinspect.tui.app import run_dashboard


def main() -> int:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m wsinspect.tui SOCKET\n")
        return 2
    return run_dashboard(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
