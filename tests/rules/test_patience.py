"""Whoever waits for the compiler is told so, and nobody else."""

from __future__ import annotations

import time

import pytest

from wsinspect.rules import patience as module
from wsinspect.rules.patience import patience


def test_a_line_comes_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_AFTER_S", 0.01)
    err = ""
    with patience():
        for _ in range(500):
            time.sleep(0.01)
            err += capsys.readouterr().err
            if err:
                break
    assert "compiling" in err


def test_nothing_comes_where_it_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    with patience():
        pass
    assert capsys.readouterr().err == ""
