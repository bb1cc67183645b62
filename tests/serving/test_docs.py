"""The examples of docs/serving.md run as they stand there."""

import pathlib
import re

import pytest
from google import protobuf

from serving.server.flags import flag_parser

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("place", range(len(EXAMPLES)))
def test_an_example(local, tmp_path, monkeypatch, capsys, place):
    monkeypatch.chdir(tmp_path)
    there = {
        "localhost:8500": local.grpc,
        "localhost:8501": local.rest,
        '"dates"': '"translator"',
        "models/dates": "models/translator",
    }
    code = EXAMPLES[place]
    if "import prediction_service_pb2\n" in code and int(protobuf.__version__.partition(".")[0]) >= 5:
        pytest.skip("the page says that newer releases of protobuf refuse this module")
    for shown, real in there.items():
        code = code.replace(shown, real)
    exec(compile(code, f"example {place}", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_every_flag_that_is_named_is_there():
    flags = {option for action in flag_parser()._actions for option in action.option_strings}
    named = set(re.findall(r"`(--[a-z_]+_[a-z_]+)[=`]", PAGE))
    assert len(named) > 15
    assert named <= flags
