"""Writes a dashboard's picture: an SVG for every browser, and a PNG of it whose cells align."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import unicodedata
from html import escape, unescape
from pathlib import Path

PNG_ZOOM = "1.3"
CELL = 12.2  # units of a cell in Rich's SVG, whose font's advance is 0.6 em of 20
SPACING = CELL - 20 * 0.602  # what DejaVu Sans Mono, whose advance is 0.602 em, lacks of it
FONTS = "'Fira Code','JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"
_TEXT = re.compile(
    r'<text (class="[^"]*-r\d+") x="([\d.]+)" ([^>]*?)textLength="[^"]*"([^>]*)>(.*?)</text>'
)


def portable(svg: str) -> str:
    """The SVG without fonts from the network, and with its spaces kept by every renderer."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {FONTS}")
    svg = re.sub(r"font-family: Fira Code\b", f"font-family: {FONTS}", svg)
    return svg.replace("<text ", '<text xml:space="preserve" ')


def aligned(svg: str) -> str:
    """For rsvg-convert, which knows no textLength: each run of other glyphs at its own place."""
    svg = re.sub(r"font-family: [^;]*", "font-family: DejaVu Sans Mono", svg)
    svg = svg.replace("<style>", f"<style>text {{ letter-spacing: {SPACING:.3f}px }}", 1)
    return _TEXT.sub(_placed, svg)


def _placed(found: re.Match[str]) -> str:
    kind, x, before, after, text = found.groups()
    cell = 0
    out = []
    for piece in re.findall(r"[\x20-\x7e\xa0]+|[^\x20-\x7e\xa0]", unescape(text)):
        at = float(x) + cell * CELL
        if piece.strip("\xa0 "):
            out.append(
                f'<text xml:space="preserve" {kind} x="{at:.1f}" {before}{after}>'
                f"{escape(piece)}</text>"
            )
        cell += sum(_cells(char) for char in piece)
    return "".join(out)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def save(svg: str, path: Path) -> None:
    """`path`, an .svg, and the .png beside it where rsvg-convert is installed."""
    path.write_text(portable(svg), encoding="utf-8")
    converter = shutil.which("rsvg-convert")
    if converter is None:
        return
    png = path.with_suffix(".png")
    with tempfile.NamedTemporaryFile("w", suffix=".svg", encoding="utf-8") as drawn:
        drawn.write(aligned(svg))
        drawn.flush()
        subprocess.run([converter, "-z", PNG_ZOOM, drawn.name, "-o", str(png)], check=True)
    if quantizer := shutil.which("pngquant"):  # a quarter of the size, and no eye sees it
        subprocess.run([quantizer, "--force", "--ext", ".png", "64", str(png)], check=True)
    print(png)
