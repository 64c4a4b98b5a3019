"""The carrier: mitmproxy moves the bytes, the relay decides. The only importer of mitmproxy."""
