"""The detail of one entry or connection: seven tabs (`view`). `draw/detail` draws them."""

from wsinspect.tui.panes.detail.view import DetailView

__all__ = ["DetailView"]
