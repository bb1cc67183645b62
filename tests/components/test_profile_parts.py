"""What is alike among more pairs than are held at once, and how often values occur, against plain counts of them."""

import collections

import numpy as np

from components.data_profile.keys import IDENTICAL_PAIRS, SHARED_SOURCES, KeyBuffer, findings
from components.data_profile.parts import PARTS, RunFile, plan, read_parts
from components.data_profile.tally import EXAMPLES_SHOWN, FindingTally
from components.data_profile.values import ValueCounts, add_values

# By split, how many pairs its places have: some more than are gathered at once.
PLACES = {"train": [300_000, 1_000, 50_000], "eval": [40_000]}
BATCH = 7_000


def keys_of_pairs(draw, count):
    """Keys and texts of sources and of pairs: a source has one to three targets, each text is written in two ways."""
    sources = draw.integers(0, 200_000, count) * 11_400_714_819_323 % (1 << 62)
    pairs = sources ^ draw.integers(0, 3, count)
    return (
        sources,
        sources ^ (1 << 40) ^ draw.integers(0, 2, count),
        pairs,
        pairs ^ (1 << 41) ^ draw.integers(0, 2, count),
    )


def write_place(folder, split, columns, has_targets=True):
    """Gathers the keys of one place, batch by batch, and gives its runs."""
    buffer, runs = KeyBuffer(), []
    with RunFile(str(folder), split) as file:
        for start in range(0, len(columns[0]), BATCH):
            source, source_text, pair, pair_text = (column[start : start + BATCH] for column in columns)
            buffer.add((source, source_text), (pair, pair_text) if has_targets else None)
            if buffer.is_full():
                runs.append(file.write(buffer.take()))
        runs.append(file.write(buffer.take()))
    return runs


def added(runs):
    """The findings of all parts, added up."""
    total = collections.defaultdict(FindingTally)
    for parts in plan(runs):
        for finding, tally in findings(parts, runs):
            total[finding].merge(tally)
    return dict(total)


def shown(texts_of_keys):
    return [(key, min(texts_of_keys[key])) for key in sorted(texts_of_keys)[:EXAMPLES_SHOWN]]


def texts_by_key(keys, texts, wanted):
    found = collections.defaultdict(set)
    for key, text in zip(keys, texts, strict=True):
        if key in wanted:
            found[key].add(text)
    return found


def test_what_is_alike_is_found_across_runs_files_and_splits(tmp_path):
    draw = np.random.default_rng(1)
    places = {split: [keys_of_pairs(draw, count) for count in counts] for split, counts in PLACES.items()}
    runs = [run for split in places for columns in places[split] for run in write_place(tmp_path, split, columns)]
    assert len({run.path for run in runs}) == 4
    assert len(runs) > 4
    found = added(runs)
    lists = {
        split: [np.concatenate(columns).tolist() for columns in zip(*of_split, strict=True)]
        for split, of_split in places.items()
    }
    expected = {}
    for split, (sources, source_texts, pairs, pair_texts) in lists.items():
        repeated = {key for key, count in collections.Counter(pairs).items() if count > 1}
        expected[split, IDENTICAL_PAIRS, ""] = FindingTally(
            len(pairs) - len(set(pairs)), shown(texts_by_key(pairs, pair_texts, repeated))
        )
        [other] = lists.keys() - {split}
        both = set(lists[other][0]) & set(sources)
        expected[split, SHARED_SOURCES, other] = FindingTally(
            sum(source in both for source in sources), shown(texts_by_key(sources, source_texts, both))
        )
    assert found == expected


def test_no_more_is_read_or_held_at_once_than_the_limit_whatever_the_number_of_pairs(tmp_path):
    draw = np.random.default_rng(2)
    runs = [run for _ in range(3) for run in write_place(tmp_path, "train", keys_of_pairs(draw, 400_000))]
    assert max(run.bounds[-1] - run.bounds[0] for run in runs) <= 32 * (2**18 + BATCH)
    ranges = list(plan(runs))
    assert [parts[0] for parts in ranges] == [0, *(parts[1] for parts in ranges[:-1])]
    assert ranges[-1][1] == PARTS
    sizes = [sum(len(content) for _, content in read_parts(parts, runs)) for parts in ranges]
    assert sum(sizes) == 32 * 3 * 400_000
    assert max(sizes) <= 2**24
    assert len(sizes) == 3


def test_without_targets_no_pairs_are_alike(tmp_path):
    columns = keys_of_pairs(np.random.default_rng(3), 5_000)
    runs = [*write_place(tmp_path, "served", columns, has_targets=False), *write_place(tmp_path, "train", columns)]
    assert set(added(runs)) == {
        ("train", IDENTICAL_PAIRS, ""),
        ("train", SHARED_SOURCES, "served"),
        ("served", SHARED_SOURCES, "train"),
    }


def test_values_are_counted_across_runs_and_splits(tmp_path):
    draw = np.random.default_rng(4)
    runs, expected = [], collections.Counter()
    for split in ("train", "eval"):
        counts = ValueCounts()
        with RunFile(str(tmp_path), split) as file:
            for _ in range(40):
                batch = collections.Counter(b"%d" % number for number in draw.integers(0, 150_000, 5_000).tolist())
                counts.add("source_tokens", batch.items())
                counts.add("slice kind", [(b"", 1), (b"7", 2)])
                expected.update({(split, "source_tokens", value): count for value, count in batch.items()})
                expected.update({(split, "slice kind", b""): 1, (split, "slice kind", b"7"): 2})
                if counts.is_full():
                    runs.append(file.write(counts.take()))
            runs.append(file.write(counts.take()))
    assert len(runs) == 4
    added_up = [count for parts in plan(runs) for count in add_values(parts, runs)]
    assert len(added_up) == len(dict(added_up))
    assert dict(added_up) == expected
