"""RFC 6455 section 7.4 and IANA's registry: what codes mean and which may be sent."""

import pytest
from websockets.frames import EXTERNAL_CLOSE_CODES, CloseCode

from wsinspect.protocol.close_codes import CLOSE_NAMES, close_words, is_valid_on_wire


def test_which_may_be_sent() -> None:
    valid = {code for code in range(-1, 70000) if is_valid_on_wire(code)}
    assert valid == {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


def test_the_same_may_be_sent_as_by_websockets() -> None:
    assert {code for code in range(3000) if is_valid_on_wire(code)} == {*EXTERNAL_CLOSE_CODES}


def test_every_registered_code_has_a_name() -> None:
    assert {*CLOSE_NAMES} == {*range(1000, 1016), 3000, 3003, 3008}
    assert {*CloseCode} <= {*CLOSE_NAMES}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "Unused"),
        (999, "Unused"),
        (1000, "Normal Closure"),
        (1006, "Abnormal Closure"),
        (1014, "Bad Gateway"),
        (1016, "Unassigned"),
        (2999, "Unassigned"),
        (3000, "Unauthorized"),
        (3001, "Library Code"),
        (3999, "Library Code"),
        (4000, "Private Code"),
        (4999, "Private Code"),
        (5000, "Out of Range"),
        (65535, "Out of Range"),
    ],
)
def test_words(code: int, name: str) -> None:
    words = close_words(code)
    assert words.startswith(f"{name}: ")
    assert words.endswith(".")


def test_codes_that_are_never_sent_say_so() -> None:
    for code in (1004, 1005, 1006, 1015):
        assert "may not be sent" in close_words(code)
