"""The comparison of what two servers answer."""

import json
import subprocess
import sys

import pytest

from tests.deploy.manifests import ROOT

ANSWER = {"source": "a", "translation": "b", "candidates": [{"text": "b", "score": -1.5, "token_log_probs": [-1.0]}]}


def _compared(folder, ones, others):
    files = []
    for name, answers in (("ones", ones), ("others", others)):
        files.append(folder / name)
        files[-1].write_text("".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8")
    command = [sys.executable, ROOT / "deploy" / "same_answers.py", *files]
    return subprocess.run(command, capture_output=True, text=True)


def _with_score(score):
    return {**ANSWER, "candidates": [{**ANSWER["candidates"][0], "score": score}]}


def test_equal_texts_and_close_scores_are_the_same(tmp_path):
    outcome = _compared(tmp_path, [ANSWER, ANSWER], [ANSWER, _with_score(-1.500004)])
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == "2 answers are equal, their scores to 4e-06\n"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({**ANSWER, "translation": "c"}, "line 2: ('translation', 'b') and ('translation', 'c')"),
        (_with_score(-1.50002), "line 2: ('candidates.0.score', -1.5) and ('candidates.0.score', -1.50002) differ"),
        (_with_score(float("nan")), "line 2: ('candidates.0.score', -1.5) and ('candidates.0.score', nan) differ"),
        ({**ANSWER, "candidates": []}, "line 2: ('candidates.0.text', 'b') and None"),
    ],
)
def test_what_is_unlike_is_named(tmp_path, other, said):
    outcome = _compared(tmp_path, [ANSWER, ANSWER], [ANSWER, other])
    assert outcome.returncode == 1
    assert said in outcome.stderr


@pytest.mark.parametrize(("ones", "others"), [([], []), ([ANSWER], [ANSWER, ANSWER])])
def test_missing_answers_are_not_the_same(tmp_path, ones, others):
    outcome = _compared(tmp_path, ones, others)
    assert outcome.returncode == 1
    assert f"there are {len(ones)} and {len(others)} answers" in outcome.stderr
