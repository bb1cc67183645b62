"""Reading pairs and making batches of them: nothing lost, nothing doubled, within the budget."""

import collections
import random

import numpy as np
import pytest

from tests.trainer.transformed_files import END, START, pairs_of, write_pairs
from trainer.config.training import TrainingConfig
from trainer.data.batches import evaluation_batches, training_batches

LONGEST = 30
TRAINING = TrainingConfig(batch_tokens=200, max_batch_size=40, shuffle_buffer=100, seed=7)


def make_pairs(count, longest=LONGEST, seed=1):
    generator = random.Random(seed)
    return [
        tuple([generator.randrange(4, 100) for _ in range(generator.randrange(0, longest + 1))] for _ in range(2))
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Pairs, and the split that holds them in three files."""
    folder = tmp_path_factory.mktemp("pairs")
    pairs = make_pairs(1500)
    for shard in range(3):
        write_pairs(folder / f"part-{shard}.gz", pairs[shard::3], LONGEST)
    return pairs, pairs_of(folder / "*", longest=LONGEST)


def read(batches):
    """All rows of the batches, as pairs of ids; checks what must hold in each batch."""
    rows = []
    for batch in batches.as_numpy_iterator():
        sources, targets = batch["source_length"], batch["target_length"]
        assert batch["source_ids"].shape == (len(sources), sources.max())
        assert batch["target_input_ids"].shape == batch["target_output_ids"].shape == (len(targets), targets.max())
        for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
            assert not batch["source_ids"][row, source:].any()
            assert not batch["target_output_ids"][row, target:].any()
            assert batch["source_ids"][row, source - 1] == batch["target_output_ids"][row, target - 1] == END
            assert batch["target_input_ids"][row, 0] == START
            ids = batch["target_output_ids"][row, : target - 1].tolist()
            assert batch["target_input_ids"][row, 1:target].tolist() == ids
            rows.append((tuple(batch["source_ids"][row, : source - 1].tolist()), tuple(ids)))
    return rows


def counted(rows):
    return collections.Counter((tuple(source), tuple(target)) for source, target in rows)


def test_no_pair_is_lost_or_doubled(written):
    pairs, split = written
    assert counted(read(training_batches(split, TRAINING, 1))) == counted(pairs)
    assert counted(read(evaluation_batches(split, TRAINING))) == counted(pairs)


def test_weights_stay_with_their_pairs_and_are_1_where_there_are_none(tmp_path, written):
    pairs = make_pairs(200)
    weights = [(len(source) + 100 * len(target)) / 4 for source, target in pairs]
    write_pairs(tmp_path / "part.gz", pairs, LONGEST, weights)
    found = []
    for batch in training_batches(pairs_of(tmp_path / "*", longest=LONGEST, weighted=True), TRAINING, 1):
        lengths = batch["source_length"] - 1 + 100 * (batch["target_length"] - 1)
        np.testing.assert_array_equal(batch["example_weight"], lengths / 4)
        found += batch["example_weight"].numpy().tolist()
    assert sorted(found) == sorted(weights)
    _, split = written
    assert {weight for batch in training_batches(split, TRAINING, 1) for weight in batch["example_weight"].numpy()} == {
        1
    }


def test_order_follows_from_seed_and_epoch(written):
    _, split = written
    first = read(training_batches(split, TRAINING, 1))
    assert read(training_batches(split, TRAINING, 1)) == first
    assert read(training_batches(split, TRAINING, 2)) != first
    assert read(training_batches(split, TRAINING.model_copy(update={"seed": 8}), 1)) != first
    assert read(evaluation_batches(split, TRAINING)) == read(evaluation_batches(split, TRAINING))


def test_batches_keep_to_the_budget_and_waste_little(written):
    _, split = written
    area = tokens = 0
    training = TRAINING.model_copy(update={"shuffle_buffer": 1000})
    for batch in training_batches(split, training, 1).as_numpy_iterator():
        rows, source = batch["source_ids"].shape
        target = batch["target_input_ids"].shape[1]
        assert rows <= 40
        assert rows * max(source, target) <= 200
        area += rows * (source + target)
        tokens += batch["source_length"].sum() + batch["target_length"].sum()
    assert tokens / area > 0.75  # 0.84 here; random batches of 6 to 12 rows have 0.56 to 0.60


def test_a_budget_below_one_pair_gives_batches_of_one(written):
    pairs, split = written
    batches = training_batches(split, TRAINING.model_copy(update={"batch_tokens": 1}), 1)
    assert {len(batch["source_length"]) for batch in batches.as_numpy_iterator()} == {1}
    assert sum(1 for _ in batches) == len(pairs)


def test_lengths_come_in_no_order(written):
    _, split = written
    training = TRAINING.model_copy(update={"shuffle_buffer": 1000})
    widths = [
        max(batch["source_ids"].shape[1], batch["target_input_ids"].shape[1])
        for batch in training_batches(split, training, 1).as_numpy_iterator()
    ]
    assert abs(np.corrcoef(widths[:-1], widths[1:])[0, 1]) < 0.2
    assert abs(np.corrcoef(np.arange(len(widths)), widths)[0, 1]) < 0.2


def test_too_long_pairs_are_dropped_kept_or_refused(tmp_path):
    pairs = [([5] * 3, [6] * 3), ([5] * 9, [6]), ([5], [6] * 9), ([5] * 4, [6] * 4)]
    write_pairs(tmp_path / "part.gz", pairs, longest=4)

    dropping = pairs_of(tmp_path / "*", longest=4, on_too_long="drop")
    assert counted(read(evaluation_batches(dropping, TRAINING))) == counted([pairs[0], pairs[3]])
    assert dropping.survey()._asdict() == {"pairs": 2, "left_out": 2, "target_tokens": 9}

    cutting = pairs_of(tmp_path / "*", longest=4, on_too_long="truncate")
    assert counted(read(evaluation_batches(cutting, TRAINING))) == counted((s[:4], t[:4]) for s, t in pairs)
    assert cutting.survey()._asdict() == {"pairs": 4, "left_out": 0, "target_tokens": 16}

    with pytest.raises(ValueError, match=r"train split: 1 pairs have a source longer than source\.max_length"):
        pairs_of(tmp_path / "*", longest=4, on_too_long="fail").survey()


def test_a_split_without_files_or_pairs_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"eval split: no file matches .*absent"):
        pairs_of(tmp_path / "absent*", longest=4, split="eval").survey()
    write_pairs(tmp_path / "part.gz", [([5] * 9, [6])], longest=4)
    with pytest.raises(ValueError, match=r"train split: no pair is left \(1 left out as too long\)"):
        pairs_of(tmp_path / "*", longest=4).survey()
