"""``python -m wsinspect``."""

import sys

from wsinspect.cli import main

if __name__ == "__main__":
    sys.exit(main())
