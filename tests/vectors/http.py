"""A handshake as one text, the way vectors and fuzzers hold it."""

from wsinspect.protocol.handshake import Request, Response


def handshake(text: bytes) -> tuple[Request, Response | None]:
    """Read a request head and a response head, as leniently as any proxy; no HTTP parser."""
    request_head, _, rest = text.partition(b"\r\n\r\n")
    response_head, _, _ = rest.partition(b"\r\n\r\n")
    request_line, request_headers = _head(request_head)
    method, target, version = (*request_line.split(b" ", 2), b"", b"")[:3]
    request = Request(method, target, version, request_headers)
    if not response_head:
        return request, None
    status_line, response_headers = _head(response_head)
    status = (*status_line.split(b" "), b"", b"")[1]
    number = int(status) if len(status) == 3 and status.isdigit() else 500
    return request, Response(number, response_headers)


def _head(head: bytes) -> tuple[bytes, list[tuple[bytes | str, bytes | str]]]:
    first, *lines = head.split(b"\r\n")
    headers: list[tuple[bytes | str, bytes | str]] = []
    for line in lines:
        name, _, value = line.partition(b":")
        headers.append((name, value))
    return first, headers
