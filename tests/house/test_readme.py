"""The README says what the program does: every option, every hook, every local link."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def options_of_run() -> set[str]:
    """The long options that ``wsinspect run --help`` names."""
    result = subprocess.run(
        [sys.executable, "-m", "wsinspect", "run", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", result.stdout)) - {"--help", "--version"}


def options_of_the_table() -> set[str]:
    _, _, section = README.partition("## Commands and options")
    rows = [line for line in section.splitlines() if line.startswith("| `-")]
    return {name for row in rows for name in re.findall(r"--[a-z][a-z-]*", row.split("|")[1])}


def test_every_option_of_run_is_documented_and_no_other() -> None:
    assert options_of_the_table() == options_of_run()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_local_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert not missing


def test_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.MULTILINE)
    }
    assert {"demo", "test", "check", "bench", "fuzz", "screenshots", "lock"} <= targets
    assert named <= targets
