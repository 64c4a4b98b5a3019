"""``python -m wsinspect``."""

from wsinspect.cli import entry

if __name__ == "__main__":
    entry()
