"""How much the rules find, how often they cry wolf, and what that costs.

``python -m bench.dlp``. Every corpus is made here from a seed that is printed, in two splits that
share no value: rules and detectors may be worked on with ``train`` (its misses are shown),
``test`` is only counted. Who finds is asked from outside, through ``wsinspect rules scan``.
"""
