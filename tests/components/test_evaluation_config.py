"""Settings of the evaluation that cannot be meant are refused."""

import pydantic
import pytest

from components.config.evaluation import EvaluationConfig

THRESHOLDS = [{"metric": "exact_match", "at_least": 0.5}]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"thresholds": [{"metric": "ter", "at_least": 2.0, "at_most": 1.0}], "metrics": ["ter"]},
            "nothing can pass both",
        ),
        ({"thresholds": [{"metric": "exact_match", "at_least": float("nan")}]}, "finite number"),
        ({"thresholds": [{"metric": "exact_match", "max_regression": float("inf")}]}, "finite number"),
        ({"slice_by": ["source_length"]}, "rename the slice key, or leave length_buckets empty"),
        ({"slice_by": ["kind"], "cross_by": [["kind", "domain"]]}, r"cross_by.0 is .*: wanted two different ones of"),
        ({"slice_by": ["kind"], "cross_by": [["kind", "kind"]]}, "cross_by.0"),
        ({"slice_by": ["a"], "length_buckets": [], "cross_by": [["a", "source_length"]]}, "cross_by.0"),
        ({"thresholds": [{"metric": "exact_match", "max_p_value": 1.0}]}, "less than 1"),
        ({"thresholds": [{**THRESHOLDS[0], "each": "kind"}]}, r"thresholds.0.each is 'kind': wanted one of"),
        ({"thresholds": [{"metric": "exact_match", "max_p_value": 0.1, "each": "source_length"}]}, "max_p_value is of"),
        ({"unknown_buckets": [-1, 2]}, r"unknown_buckets \[-1, 2\]: allowed are whole numbers from 0"),
        ({"unknown_buckets": [2, 0]}, "must rise"),
        ({"cross_by": [["source_length", "source_unknown"]]}, "cross_by.0"),
        ({"slice_by": ["source_unknown"], "unknown_buckets": [0]}, "or leave unknown_buckets empty"),
    ],
)
def test_it_is_refused(settings, said):
    with pytest.raises(pydantic.ValidationError, match=said):
        EvaluationConfig(**{"thresholds": THRESHOLDS, **settings})


def test_a_slice_key_may_be_called_source_length_where_there_are_no_buckets():
    assert EvaluationConfig(thresholds=THRESHOLDS, slice_by=["source_length"], length_buckets=[]).length_buckets == []
