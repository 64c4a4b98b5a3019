"""Finding hooks alone: they do not make anybody wait for scripts. The second raises each time."""

import json
import os
from pathlib import Path
from typing import Any

NOTES = Path(os.environ["NOTES"])


class First:
    def wsinspect_finding(self, finding: Any) -> None:
        with NOTES.open("a") as file:
            file.write(json.dumps([finding.rule, finding.start, finding.length]) + "\n")


class Second:
    def wsinspect_finding(self, finding: Any) -> None:
        raise LookupError(finding.fingerprint)


addons = [First(), Second()]
