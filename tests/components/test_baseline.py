"""The model to beat is the one blessed last, and never the candidate itself."""

import shutil

import pytest

from components.baseline import NODE_ID, latest_blessed_model_other_than
from tests.components.toy_pipeline import Bless, Train, last_artifact, run

pytestmark = pytest.mark.tfx


class Runs:
    """Runs of one pipeline: training, the look-up of the model to beat, and a blessing."""

    def __init__(self, root):
        self.root = root
        self.models = {}

    def run(self, right, blessed=1):
        """Runs with a model, which is named by how many rows it has right; gives states and the blessing's baseline."""
        model = Train(right=right)
        baseline = latest_blessed_model_other_than(model.outputs["model"])
        bless = Bless(blessed=blessed, model=model.outputs["model"], baseline_model=baseline.outputs["model"])
        finished = run(self.root, [model, baseline, bless])
        blessing = last_artifact(self.root, "ModelBlessing") if finished.nodes["Bless"] == "completed" else None
        if finished.nodes["Train"] == "completed":
            self.models[right] = last_artifact(self.root, "Model")
        if blessing is None:
            return finished.nodes, None
        baseline_id = blessing.custom_properties["baseline_model_id"].int_value
        names = {artifact.id: name for name, artifact in self.models.items()}
        return finished.nodes, names.get(baseline_id)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def test_a_first_run_has_none_and_is_not_stopped_and_the_same_again_is_cached(runs):
    states, baseline = runs.run(right=1)
    assert states == {"Train": "completed", NODE_ID: "completed", "Bless": "completed"}
    assert baseline is None
    states, _ = runs.run(right=1)
    assert states["Bless"] == "cached", "the model, blessed meanwhile, was its own baseline"


def test_it_is_the_last_one_blessed_not_the_last_one_trained(runs):
    runs.run(right=1)
    assert runs.run(right=2)[1] == 1
    assert runs.run(right=3, blessed=0)[1] == 2
    assert runs.run(right=4)[1] == 2, "the third was not blessed"
    # An earlier configuration, run again, is measured against what has been blessed since, and becomes the one to beat.
    assert runs.run(right=1)[1] == 4
    assert runs.run(right=5, blessed=0)[1] == 1
    assert runs.run(right=5, blessed=0)[0]["Bless"] == "cached"


def test_a_model_whose_files_are_gone_is_passed_over(runs, caplog):
    runs.run(right=1)
    runs.run(right=2)
    shutil.rmtree(runs.models[2].uri)
    with caplog.at_level("WARNING", "seq2seq"):
        assert runs.run(right=3)[1] == 1
    assert f"The blessed model in {runs.models[2].uri} is gone" in caplog.text
