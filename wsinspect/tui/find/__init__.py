"""Finding: the filter language and its completion, search in content, jumps. No Textual, no Rich.

`filter` compiles what `syntax` reads from the terms in `fields`; `completion` knows what could
stand at the cursor; `remembered` keeps history and saved filters; `needle` and `search` look into
content; `jumps` leads from one entry to the one that belongs to it. `regex` alone imports re2.
"""
