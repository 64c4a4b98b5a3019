"""Vectors: one JSON file a topic, each vector with ``name``, ``section``, ``hex`` and ``expected``.

They feed the tests, and they seed the fuzzers.
"""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def load(topic: str) -> list[dict[str, Any]]:
    """The vectors of ``topic``; what ``hex`` and ``expected`` are is the topic's own affair."""
    vectors = json.loads((HERE / f"{topic}.json").read_text("utf-8"))
    assert isinstance(vectors, list)
    assert vectors
    return vectors


def ids(vectors: list[dict[str, Any]]) -> list[str]:
    """Test ids."""
    return [vector["name"] for vector in vectors]
