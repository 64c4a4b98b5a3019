"""From what is known to text and Segments. Rich only: no widget, no loop."""
