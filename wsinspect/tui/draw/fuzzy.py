"""Fuzzy matching of what was typed against names: which fit, how well, at which letters. Pure."""

_WORD_START = 8  # a letter that begins a word
_TOGETHER = 5  # a letter right behind the one before
_FIRST = 4


def match(typed: str, text: str) -> tuple[int, list[int]] | None:
    """(how well, places of the letters) of `typed` in `text`, or None. Spaces split words.

    All words of `typed` must be there, in any order; the letters of one, in order.
    """
    low = text.lower()
    total = 0
    places: list[int] = []
    for word in typed.lower().split():
        found = _word(word, low)
        if found is None:
            return None
        total += found[0]
        places += found[1]
    return total - len(text) // 8, sorted(set(places))


def _word(word: str, low: str) -> tuple[int, list[int]] | None:
    at = low.find(word)
    whole = -1
    while at >= 0:  # as it stands, best where a word begins
        whole = at
        if not at or not low[at - 1].isalnum():
            break
        at = low.find(word, at + 1)
    if whole >= 0:
        start = _WORD_START if not whole or not low[whole - 1].isalnum() else 0
        first = _FIRST if not whole else 0
        return len(word) * _TOGETHER + start + first, list(range(whole, whole + len(word)))
    return _scattered(word, low)


def _scattered(word: str, low: str) -> tuple[int, list[int]] | None:
    score, at = 0, -1
    places: list[int] = []
    for letter in word:
        found = low.find(letter, at + 1)
        start = found
        while start > 0 and low[start - 1].isalnum():  # rather the beginning of a later word
            start = low.find(letter, start + 1)
        if start >= 0 and start - at > 1 and found - at > 1:
            found = start
        if found < 0:
            return None
        begins = not found or not low[found - 1].isalnum()
        score += (_WORD_START if begins else 0) + (_TOGETHER if found == at + 1 and places else -1)
        at = found
        places.append(found)
    return score, places
