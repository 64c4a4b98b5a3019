"""Rule files become policies: detectors, decoding views, streams, actions. Docs: docs/rules.md."""
