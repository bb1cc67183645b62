"""Compares two files of `seq2seq translate --jsonl`: equal texts and tokens, scores to 1e-5 (relative beyond 1).

    python deploy/same_answers.py ONE OTHER

Prints how many answers there are and how far their scores are apart. Exits with 1, naming the line and what is unlike
there, where they differ, and where there are none.
"""

import itertools
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

TOLERANCE = 1e-5


def _read(file: str) -> list[dict]:
    return [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]


def _leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every value in a document of JSON that holds no other, with its place in there."""
    if isinstance(value, (dict, list)):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(below, f"{place}.{key}")
    else:
        yield place.removeprefix("."), value


def compare(ones: list[dict], others: list[dict]) -> float:
    """The largest difference of two numbers at the same place.

    Raises:
        ValueError: there is no answer, or the two differ by more than the tolerance, or in a text.
    """
    if not ones or len(ones) != len(others):
        raise ValueError(f"there are {len(ones)} and {len(others)} answers")
    largest = 0.0
    for number, pair in enumerate(zip(ones, others, strict=True), 1):
        for one, other in itertools.zip_longest(*map(_leaves, pair)):
            if one == other:
                continue
            if not one or not other or one[0] != other[0] or {type(one[1]), type(other[1])} != {float}:
                raise ValueError(f"line {number}: {one} and {other}")
            if not math.isclose(one[1], other[1], rel_tol=TOLERANCE, abs_tol=TOLERANCE):
                raise ValueError(f"line {number}: {one} and {other} differ by more than {TOLERANCE}")
            largest = max(largest, abs(one[1] - other[1]))
    return largest


def main() -> None:
    ones, others = map(_read, sys.argv[1:])
    try:
        largest = compare(ones, others)
    except ValueError as error:
        sys.exit(f"{' and '.join(sys.argv[1:])}: {error}")
    sys.stdout.write(f"{len(ones)} answers are equal, their scores to {largest:.1g}\n")


if __name__ == "__main__":
    main()
