"""Text in exact cell widths. The only road from data to the screen.

Owns clipping and padding (East Asian wide characters and emoji take two cells) and makes every
text harmless on the way (`safe`). Knows nothing of what is drawn.
"""

from rich.cells import cell_len

from wsinspect.tui.draw.safe import CLUSTER_MAX, safe

ELLIPSIS = "…"


def _cut(text: str, width: int) -> str:
    """The longest start of `text` that takes at most `width` cells."""
    taken = 0
    for index, char in enumerate(text):
        taken += 1 if char.isascii() else cell_len(char)
        if taken > width:
            return text[:index]
    return text


def clip(text: str, width: int) -> str:
    """`text` made harmless, in at most `width` cells; `…` marks a cut."""
    if width <= 0:
        return ""
    longest = (width + 1) * CLUSTER_MAX
    more = len(text) > longest  # behind endless marks there may be anything
    text = safe(text[:longest] if more else text)
    if not more and (len(text) if text.isascii() else cell_len(text)) <= width:
        return text
    return _cut(text, width - 1) + ELLIPSIS


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells, clipped or padded."""
    text = clip(text, width)
    missing = width - (len(text) if text.isascii() else cell_len(text))
    if missing <= 0:
        return text
    return " " * missing + text if right else text + " " * missing


def wrap(text: str, width: int) -> list[str]:
    """`text` made harmless, in lines of at most `width` cells, cut after a space if one is near."""
    text = safe(text)
    lines: list[str] = []
    while text and width > 0:
        # A wide character in one column would never fit: it is taken alone and clipped later.
        piece = _cut(text, width) or text[0]
        space = piece.rfind(" ")
        if len(piece) < len(text) and space > len(piece) // 2:
            piece = piece[: space + 1]
        lines.append(piece)
        text = text[len(piece) :]
    return lines
