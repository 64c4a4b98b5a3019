"""A recording as a source: indexed once, then any moment of it is shown exactly.

file      bytes at an offset, lines as they grow
lines     what a line of the log says
index     offsets, seconds, checkpoints: bounded arrays, no objects a line
holding   what a ledger holds at one position, and its checkpoints
ledger    all connections' totals at one position of the file: moved line by line
picture   a ledger -> the store
entries   the watched connection's frames and messages, read by offset
timeline  seeking, playing, density, marks
source    puts them together in slices that leave the screen alive
kinds, har   other formats, turned into lines of the log
"""

from wsinspect.tui.data.recording.kinds import Kind, NotARecording, kind_of
from wsinspect.tui.data.recording.source import RecordingSource

__all__ = ["Kind", "NotARecording", "RecordingSource", "kind_of"]
