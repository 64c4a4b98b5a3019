"""Prometheus' text format, read back by Prometheus' own library."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from wsinspect.sinks.exposition import Exposition, Histogram
from wsinspect.sinks.metrics import code_class

LABELS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(LABELS, NUMBERS, max_size=5), LABELS)
def test_labels_and_numbers_come_back(values: dict[str, float], say: str) -> None:
    page = Exposition()
    page.gauge("a_metric", say, [({"label": label, "b": "x"}, v) for label, v in values.items()])
    page.counter("other_total", "Another.", 3)
    first, second = text_string_to_metric_families(page.text())
    assert {sample.labels["label"]: sample.value for sample in first.samples} == values
    assert all(sample.labels["b"] == "x" for sample in first.samples)
    assert (second.name, second.type, second.samples[0].value) == ("other", "counter", 3)


@given(st.lists(st.floats(min_value=0, max_value=100)))
def test_a_histogram_counts_each_once(values: list[float]) -> None:
    histogram = Histogram((0.1, 1, 10))
    for value in values:
        histogram.observe(value)
    page = Exposition()
    page.histogram("some_seconds", "Some.", histogram)
    (family,) = text_string_to_metric_families(page.text())
    found = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    for bound in (0.1, 1, 10):
        text = str(int(bound)) if bound >= 1 else str(bound)
        assert found[text] == sum(1 for value in values if value <= bound)
    assert found["+Inf"] == found["some_seconds_count"] == len(values)
    assert math.isclose(found["some_seconds_sum"], sum(values), abs_tol=1e-9)


def test_a_bound_belongs_to_its_bucket() -> None:
    histogram = Histogram((0.1, 1))
    for value in (0.1, 1, 1.5):
        histogram.observe(value)
    assert histogram.counts == [1, 1, 1]


def test_close_codes_have_few_labels() -> None:
    labels = {code_class(code) for code in range(65536)}
    assert labels == {*map(str, range(1000, 1016)), "1xxx", "2xxx", "3xxx", "4xxx", "other"}
