"""The rule files' language: YAML text becomes a syntax tree, or a list of problems with lines."""
