"""RFC 6455 and RFC 7692 without IO: bytes in, facts out; no clock, no log, no socket."""
