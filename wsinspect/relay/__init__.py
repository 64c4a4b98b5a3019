"""Bytes in, decisions, bytes out: the two directions of one connection, without IO."""
