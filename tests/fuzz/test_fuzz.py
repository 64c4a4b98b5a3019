"""The fuzzers themselves: every target holds for its seeds, and a planted bug is found."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.finding import seeds, targets
from tests.fuzz.mutator import fuzz, mutated

TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_target_holds_for_its_seeds_and_some_changes_to_them(name: str) -> None:
    corpus = seeds(name, TARGETS[name])
    assert corpus
    chance = random.Random(1)
    for data in (*corpus, *(mutated(corpus, chance) for _ in range(300))):
        TARGETS[name](data)


def test_the_protocol_has_its_targets() -> None:
    assert {"handshake", "deflate", "utf8", "close"} <= TARGETS.keys()


def test_the_mutator_finds_a_planted_bug_and_keeps_its_input() -> None:
    def broken(data: bytes) -> None:
        assert not data.startswith(b"ab\xed")

    with pytest.raises(AssertionError) as caught:
        fuzz(broken, [b"abcd"], seconds=60, seed=0)
    assert caught.value.__notes__[-1].startswith("input: 6162ed")


def test_one_input_can_be_run_again(tmp_path: Path) -> None:
    kept = tmp_path / "input"
    kept.write_bytes(b"\x03\xe8")
    command = [sys.executable, "-m", "tests.fuzz", "--run", str(kept)]
    assert subprocess.run([*command, "close"], check=False).returncode == 0
    unknown = subprocess.run([*command, "nonsense"], check=False, capture_output=True, text=True)
    assert unknown.returncode == 2
    assert "close" in unknown.stderr
