"""The terminal dashboard: its own process, fed from a running proxy's Unix socket.

It reads a store that is fed by `feed`; it never imports the proxy, the relay or the sinks, and
nothing here can hold up traffic: the socket's sender is bounded and counts what it leaves out.
Start at `app`. `store`, `wire`, `safe`, `columns` and `figures` know nothing of Textual.
"""
