"""A server takes the batching parameters beside a pushed model, and whoever serves it may change them."""

from components.batching_parameters import BATCHING_FILE, write_batching_parameters
from serving.server.batching_options import BatchingOptions
from serving.server.text_protos import BatchingParameters, read_text_proto


def test_a_server_takes_them(tmp_path):
    write_batching_parameters(tmp_path / "served")
    assert [path.name for path in (tmp_path / "served").iterdir()] == [BATCHING_FILE]
    options = BatchingOptions.of(read_text_proto(tmp_path / "served" / BATCHING_FILE, BatchingParameters))
    assert options.allowed_batch_sizes[-1] == options.max_batch_size
    assert options.pad_variable_length_inputs


def test_changes_by_hand_stay(tmp_path):
    write_batching_parameters(tmp_path)
    (tmp_path / BATCHING_FILE).write_text("max_batch_size { value: 8 }", encoding="utf-8")
    write_batching_parameters(tmp_path)
    assert (tmp_path / BATCHING_FILE).read_text(encoding="utf-8") == "max_batch_size { value: 8 }"
