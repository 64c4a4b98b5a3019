"""Coverage-guided fuzzing: ``python -m tests.fuzz --seconds N [TARGET…]``.

A target is a function ``fuzz_NAME(data: bytes) -> None`` in a module ``targets_*.py`` here. It
raises nothing but on a bug. Its corpus starts from ``seed_NAME() -> list[bytes]`` in the same
module if there is one, else from every ``hex`` in ``tests/vectors/NAME.json``.
"""
