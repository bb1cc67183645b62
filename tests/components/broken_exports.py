"""A model of tests.trainer.toy_export as the Trainer saves its own, and copies that are broken in one way each."""

import pathlib
import shutil

from tensorflow.core.protobuf import saved_model_pb2

from serving import contract
from tests.trainer.toy_export import export_toy
from trainer.config.decoding import DecodingConfig

DECODING = DecodingConfig(beam_size=3, n_best=2)


def save_good(folder: pathlib.Path) -> pathlib.Path:
    """Saves one that is not broken; gives the folder of the model's artifact, as the functions below do."""
    pathlib.Path(export_toy(folder, decoding=DECODING)).rename(folder / "Format-Serving")
    return folder


def without_score(good: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Lacks the signature `score`."""
    with _Edited(good, folder) as signatures:
        del signatures[contract.SCORE]
    return folder


def with_wrong_limits(good: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Its `encode` has every text written to its longest length, which its own decoding in the graph does not do."""
    with _Edited(good, folder) as signatures:
        outputs = signatures[contract.ENCODE].outputs
        outputs[contract.MIN_LENGTH].name = outputs[contract.MAX_LENGTH].name
    return folder


def unreadable(good: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Is no SavedModel."""
    shutil.copytree(good, folder)
    (folder / "Format-Serving" / "saved_model.pb").write_bytes(b"no protocol buffer")
    return folder


class _Edited:
    """A copy of a model whose signatures are changed in the block."""

    def __init__(self, good, folder):
        shutil.copytree(good, folder)
        self._path = folder / "Format-Serving" / "saved_model.pb"

    def __enter__(self):
        self._model = saved_model_pb2.SavedModel.FromString(self._path.read_bytes())
        return self._model.meta_graphs[0].signature_def

    def __exit__(self, *_):
        self._path.write_bytes(self._model.SerializeToString())
