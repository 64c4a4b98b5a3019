"""What can be looked for: patterns, built-in detectors, packs."""
