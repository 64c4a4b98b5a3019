"""A second opinion on DEFLATE: RFC 1951 in plain Python, which also measures distances.

zlib forgives references beyond a small window while they are in the same output buffer, so it
cannot tell whether a sender kept to the window it agreed on.
"""

from dataclasses import dataclass, field

_LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83]
_LENGTH_BASE += [99, 115, 131, 163, 195, 227, 258]
_LENGTH_EXTRA = [0] * 8 + [n for n in range(1, 6) for _ in range(4)] + [0]
_DISTANCE_EXTRA = [0, 0] + [n for n in range(14) for _ in range(2)]
_DISTANCE_BASE = [1, 2]
for _extra in _DISTANCE_EXTRA[2:]:
    _DISTANCE_BASE.append(_DISTANCE_BASE[-1] + (1 << _DISTANCE_EXTRA[len(_DISTANCE_BASE) - 1]))
_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

type _Codes = dict[tuple[int, int], int]


@dataclass
class Puff:
    """Inflates whole messages of one direction; ``max_distance`` is the farthest reference."""

    history: bytearray = field(default_factory=bytearray)
    max_distance: int = 0

    def message(self, payload: bytes) -> bytes:
        """A message's payload without its tail. Any malformed input raises."""
        self._data = payload + b"\x00\x00\xff\xff"
        self._bit = 0
        begin = len(self.history)
        while self._bit < 8 * len(self._data):
            if self._block():  # behind a final block a new stream begins at the next byte
                self._bit = -(-self._bit // 8) * 8
                if len(self._data) * 8 - self._bit == 32:
                    break
        return bytes(self.history[begin:])

    def _bits(self, count: int) -> int:
        value = 0
        for place in range(count):
            value |= (self._data[self._bit >> 3] >> (self._bit & 7) & 1) << place
            self._bit += 1
        return value

    def _block(self) -> bool:
        final, kind = self._bits(1), self._bits(2)
        if kind == 0:
            start = -(-self._bit // 8)
            length = int.from_bytes(self._data[start : start + 2], "little")
            check = int.from_bytes(self._data[start + 2 : start + 4], "little")
            assert length ^ check == 0xFFFF
            self.history += self._data[start + 4 : start + 4 + length]
            self._bit = 8 * (start + 4 + length)
        elif kind == 1:
            lengths = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8
            self._compressed(_codes(lengths), _codes([5] * 30))
        else:
            assert kind == 2
            self._compressed(*self._dynamic())
        return bool(final)

    def _dynamic(self) -> tuple[_Codes, _Codes]:
        literals, distances, count = self._bits(5) + 257, self._bits(5) + 1, self._bits(4) + 4
        lengths = [0] * 19
        for place in _ORDER[:count]:
            lengths[place] = self._bits(3)
        codes = _codes(lengths)
        lengths = []
        while len(lengths) < literals + distances:
            symbol = self._symbol(codes)
            if symbol < 16:
                lengths.append(symbol)
            elif symbol == 16:
                lengths += [lengths[-1]] * (3 + self._bits(2))
            else:
                lengths += [0] * (3 + self._bits(3) if symbol == 17 else 11 + self._bits(7))
        return _codes(lengths[:literals]), _codes(lengths[literals:])

    def _symbol(self, codes: _Codes) -> int:
        code = 0
        for length in range(1, 16):
            code = code << 1 | self._bits(1)
            if (length, code) in codes:
                return codes[length, code]
        raise AssertionError("no such code")

    def _compressed(self, literals: _Codes, distances: _Codes) -> None:
        while (symbol := self._symbol(literals)) != 256:
            if symbol < 256:
                self.history.append(symbol)
                continue
            length = _LENGTH_BASE[symbol - 257] + self._bits(_LENGTH_EXTRA[symbol - 257])
            place = self._symbol(distances)
            distance = _DISTANCE_BASE[place] + self._bits(_DISTANCE_EXTRA[place])
            assert distance <= len(self.history)
            self.max_distance = max(self.max_distance, distance)
            for _ in range(length):
                self.history.append(self.history[-distance])


def _codes(lengths: list[int]) -> _Codes:
    """Canonical Huffman codes (RFC 1951 section 3.2.2): (length, code) -> symbol."""
    codes: _Codes = {}
    code = 0
    for length in range(1, 16):
        for symbol, symbol_length in enumerate(lengths):
            if symbol_length == length:
                codes[length, code] = symbol
                code += 1
        code <<= 1
    return codes
