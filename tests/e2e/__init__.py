"""End to end: real clients, real servers and real hops, with the proxy as its own process."""
