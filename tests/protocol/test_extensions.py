"""RFC 6455 section 9.1 and RFC 7692 section 7.1: the list, and what permessage-deflate agreed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.headers import parse_extension as websockets_parse
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate

from wsinspect.protocol.extensions import (
    DeflateParams,
    Extension,
    negotiated_deflate,
    parse_extension,
    split_list,
)

OFFER = "permessage-deflate; client_max_window_bits"
PMD = "permessage-deflate"


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ("", []),
        (" , ,", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (" a ; x=1 ,\tb", ["a ; x=1", "b"]),
        ('a; x="1,2", b', ['a; x="1,2"', "b"]),
        ('a; x="1\\",2", b', ['a; x="1\\",2"', "b"]),
        ('a; x="\\\\", b', ['a; x="\\\\"', "b"]),
        ('a; x="never closed, b', ['a; x="never closed, b']),
        ('a\\,b, "c"', ["a\\", "b", '"c"']),
    ],
)
def test_split_list(value: str, elements: list[str]) -> None:
    assert split_list(value) == elements


@pytest.mark.parametrize(
    ("element", "name", "params"),
    [
        ("a", "a", ()),
        ("Foo; Bar=Baz", "foo", (("bar", "Baz"),)),
        ("a;b;c=1", "a", (("b", None), ("c", "1"))),
        ('a; b="1"; c = " 2 "', "a", (("b", "1"), ("c", " 2 "))),
        (r'a; b="1\"2\\"', "a", (("b", r'1"2\{}'.format("")),)),
        ('a; b="x;y"', "a", (("b", "x;y"),)),
        ("a;; b=", "a", (("b", ""),)),
        ('a; b="', "a", (("b", '"'),)),
        ("", "", ()),
        ("; b", "", (("b", None),)),
    ],
)
def test_parse_extension(
    element: str, name: str, params: tuple[tuple[str, str | None], ...]
) -> None:
    assert parse_extension(element) == Extension(name, params)


@pytest.mark.parametrize(
    ("chosen", "offered", "agreed", "codes"),
    [
        (PMD, OFFER, DeflateParams(), []),
        (f"{PMD}; server_max_window_bits=8", OFFER, DeflateParams(8), []),
        (f'{PMD}; client_max_window_bits="9"', OFFER, DeflateParams(15, 9), []),
        (f"{PMD}; client_max_window_bits=8", OFFER, DeflateParams(15, 8), []),
        (
            f"{PMD}; server_no_context_takeover; client_no_context_takeover",
            OFFER,
            DeflateParams(15, 15, True, True),
            [],
        ),
        # section 7.1.2.2: must have been offered, and has a value in a response
        (
            f"{PMD}; client_max_window_bits=10",
            PMD,
            DeflateParams(15, 10),
            ["deflate-client-window-not-offered"],
        ),
        (
            f"{PMD}; client_max_window_bits",
            OFFER,
            DeflateParams(),
            ["deflate-window-without-value"],
        ),
        # section 7.1.2.1: what the client asks for must be granted, or less
        (
            f"{PMD}; server_max_window_bits=11",
            f"{PMD}; server_max_window_bits=10",
            DeflateParams(11),
            ["deflate-server-window-ignored"],
        ),
        (
            PMD,
            f"{PMD}; server_max_window_bits=10",
            DeflateParams(),
            ["deflate-server-window-ignored"],
        ),
        (
            f"{PMD}; server_max_window_bits=9",
            f"{PMD}; server_max_window_bits=10",
            DeflateParams(9),
            [],
        ),
        # section 7.1.1.1
        (
            PMD,
            f"{PMD}; server_no_context_takeover",
            DeflateParams(),
            ["deflate-server-takeover-ignored"],
        ),
        (PMD, f"{PMD}; client_no_context_takeover", DeflateParams(), []),
        # the response answers any one of the offers
        (PMD, f"{PMD}; server_max_window_bits=10, {PMD}", DeflateParams(), []),
        # usable, though wrong
        (
            f"{PMD}; server_no_context_takeover=1",
            OFFER,
            DeflateParams(15, 15, True),
            ["deflate-parameter-value"],
        ),
        (
            f"{PMD}; server_max_window_bits=010",
            OFFER,
            DeflateParams(10),
            ["deflate-window-value"],
        ),
        (
            f"{PMD}; server_max_window_bits=10; server_max_window_bits=10",
            OFFER,
            DeflateParams(10),
            ["deflate-parameter-repeated"],
        ),
        # not usable
        (
            f"{PMD}; server_max_window_bits=10; server_max_window_bits=11",
            OFFER,
            None,
            ["deflate-parameter-repeated"],
        ),
        *(
            (f"{PMD}; client_max_window_bits={bad}", OFFER, None, ["deflate-window-value"])
            for bad in ("7", "16", "-8", "", "8.0", "1e1", "0x8", "٨", "+9", "99999999999999999")
        ),
        (f"{PMD}; level=9", OFFER, None, ["deflate-parameter-unknown"]),
    ],
)
def test_negotiated_deflate(
    chosen: str, offered: str, agreed: DeflateParams | None, codes: list[str]
) -> None:
    offers = map(parse_extension, split_list(offered))
    assert negotiated_deflate(parse_extension(chosen), offers) == (agreed, codes)


tokens = st.text("abcXYZ019-_!#$%&'*+.^`|~", min_size=1, max_size=8)
parameters = st.lists(st.tuples(tokens, st.none() | tokens, st.booleans()), max_size=4)


@given(st.lists(st.tuples(tokens, parameters), min_size=1, max_size=4))
def test_reads_well_formed_lists_as_websockets_does(
    extensions: list[tuple[str, list[tuple[str, str | None, bool]]]],
) -> None:
    written = []
    for name, params in extensions:
        element = name
        for param_name, value, quoted in params:
            element += f" ; {param_name}"
            if value is not None:
                element += f'="{value}"' if quoted else f"={value}"
        written.append(element)
    header = " , ".join(written)
    theirs = [
        Extension(name.lower(), tuple((param.lower(), value) for param, value in params))
        for name, params in websockets_parse(header)
    ]
    assert [parse_extension(element) for element in split_list(header)] == theirs


names = st.sampled_from(
    [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
        "unknown",
    ]
)
values = st.none() | st.sampled_from(["8", "9", "12", "15", "16", "7", "x", "09"])


@given(st.lists(st.tuples(names, values), max_size=4))
def test_agrees_with_websockets(params: list[tuple[str, str | None]]) -> None:
    """What its client accepts is without fault here, and the same; what it refuses has a code."""
    agreed, codes = negotiated_deflate(Extension(PMD, tuple(params)), [parse_extension(OFFER)])
    factory = ClientPerMessageDeflateFactory(client_max_window_bits=True)
    if agreed and agreed.client_max_window_bits == 8:
        return  # websockets cannot write with a window of 8
    try:
        theirs = factory.process_response_params(params, [])
    except NegotiationError:
        assert codes
    except AssertionError:
        assert ("client_max_window_bits", "8") in params
    else:
        assert codes == []
        assert agreed == DeflateParams(
            theirs.remote_max_window_bits,
            theirs.local_max_window_bits,
            theirs.remote_no_context_takeover,
            theirs.local_no_context_takeover,
        )


@given(st.integers(9, 15), st.integers(9, 15), st.booleans(), st.booleans())
def test_reads_what_wsproto_agrees_on(server: int, client: int, keep: bool, fresh: bool) -> None:
    offer = WsprotoDeflate(keep, client, fresh, server).offer()
    answer = WsprotoDeflate().accept(f"{PMD}; {offer}")
    chosen = parse_extension(f"{PMD}; {answer}")
    expected = DeflateParams(server, client, fresh, keep)
    offered = parse_extension(f"{PMD}; {offer}")
    assert negotiated_deflate(chosen, [offered]) == (expected, [])


@given(st.text('abc;,="\\ \t\r\n\x00\udc80é8', max_size=40))
def test_never_raises(value: str) -> None:
    elements = split_list(value)
    assert all(element.strip() == element != "" for element in elements)
    extensions = [parse_extension(element) for element in elements]
    for extension in extensions:
        negotiated_deflate(extension, extensions)
