"""wsinspect: an inspecting WebSocket proxy for the terminal."""

__version__ = "0.1.0"
