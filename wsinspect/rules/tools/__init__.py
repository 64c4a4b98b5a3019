"""``wsinspect rules …``: working with rule files by hand. Streams go in, an exit code comes out."""
