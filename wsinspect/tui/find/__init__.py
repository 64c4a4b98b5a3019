"""The filter language: words to predicates on connections and frames. No Textual."""
