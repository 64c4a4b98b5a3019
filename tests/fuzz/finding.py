"""Finds the targets and their seeds."""

import importlib
from collections.abc import Callable
from pathlib import Path

from tests import vectors

type Target = Callable[[bytes], None]

HERE = Path(__file__).parent


def targets() -> dict[str, Target]:
    """Every target by its name without ``fuzz_``."""
    found: dict[str, Target] = {}
    for path in sorted(HERE.glob("targets_*.py")):
        module = importlib.import_module(f"tests.fuzz.{path.stem}")
        for name, value in vars(module).items():
            if name.startswith("fuzz_"):
                assert name not in found, f"two targets are called {name}"
                found[name.removeprefix("fuzz_")] = value
    return found


def seeds(name: str, target: Target) -> list[bytes]:
    """What the corpus of a target starts from; never empty."""
    module = importlib.import_module(target.__module__)
    if hasattr(module, f"seed_{name}"):
        made: list[bytes] = getattr(module, f"seed_{name}")()
        return made
    if not (vectors.HERE / f"{name}.json").exists():
        return [b""]
    return [bytes.fromhex(vector["hex"]) for vector in vectors.load(name)]
