"""RFC 6455 section 5.2: the sixteen opcodes."""

from wsproto.frame_protocol import Opcode

from wsinspect.protocol import opcodes


def test_names() -> None:
    expected = (
        "continuation",
        "text",
        "binary",
        *(f"unknown-{number}" for number in range(3, 8)),
        "close",
        "ping",
        "pong",
        *(f"unknown-{number}" for number in range(11, 16)),
    )
    assert expected == opcodes.OPCODE_NAMES


def test_numbers_are_wsprotos() -> None:
    for opcode in Opcode:
        number = getattr(opcodes, opcode.name)
        assert number == opcode
        assert type(number) is int
