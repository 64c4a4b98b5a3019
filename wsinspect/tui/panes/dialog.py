"""What every dialog is: a modal screen that leaves once."""

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """A second click or Escape that was on its way already when it left takes nothing else along.

    Textual's own `dismiss` would take the screen below, or fail where there is none.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        if not self.is_attached or self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)
