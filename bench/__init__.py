"""Benchmarks: ratios against stock mitmproxy and others, all measured in one run."""
