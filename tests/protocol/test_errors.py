"""The error tree is the one that is drawn at the top of the module."""

import inspect

from wsinspect.protocol import errors


def test_every_error_is_in_the_tree_and_drawn() -> None:
    drawing = inspect.getdoc(errors) or ""
    found = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    ]
    assert sorted(found) == errors.__all__
    assert len(found) == 4
    for name in found:
        assert issubclass(getattr(errors, name), errors.ProtocolError)
        assert f" {name} " in drawing.replace("\n", " ")
