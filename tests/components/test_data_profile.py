"""The profile of parallel text, against a plain count of the same pairs without Beam or TensorFlow."""

import collections
import random
import tempfile

import apache_beam as beam
import pytest

from components.data_profile.batch import MeasurePlace, PairSource
from components.data_profile.files import read_profile, write_profile
from components.data_profile.measure import measure
from components.data_profile.profile import Finding, excerpt
from components.data_profile.settings import ProfileSettings
from components.data_profile.tally import EXAMPLES_SHOWN, Pair
from pipeline.generation import direct_runner_arguments
from tests.components.text_data import HARD_PAIRS
from transform.config import TextConfig


def settings(**changes):
    """Source by characters, target by spaces."""
    return ProfileSettings(
        **{
            "source": TextConfig(normalization="none", min_count=2, vocabulary_size=5),
            "target": TextConfig(normalization="none", unit="space"),
            "shared_vocabulary": False,
            "slice_keys": ["kind"],
            "near_empty_tokens": 2,
            "extreme_length_ratio": 3.0,
            **changes,
        }
    )


def profile_of(splits, of_settings):
    """Profile of lists of pairs by split, written and read."""
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(argv=direct_runner_arguments()) as pipeline:
            # Places of a few pairs each: what is alike is found across them.
            sources = {
                split: PairSource([pairs[start : start + 70] for start in range(0, len(pairs), 70)], iter)
                for split, pairs in splits.items()
            }
            write_profile(measure(pipeline, sources, of_settings, f"{folder}/parts"), folder)
        return read_profile(folder)


def random_pairs(seed, count, letters):
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        source = "".join(draw.choices(letters, k=draw.randint(1, 4)))
        target = " ".join(draw.choices(letters, k=draw.choice([1, 2, 3, 12])))
        pairs.append(Pair(source.encode(), target.encode(), {"kind": draw.choice("xy").encode()}))
    return pairs


SPLITS = {
    "train": random_pairs(1, 300, "aaabbcdé日f"),
    "eval": random_pairs(2, 50, "abcd😀"),
    "test": random_pairs(3, 20, "abz"),
}


@pytest.fixture(scope="module")
def profile():
    return profile_of(SPLITS, settings())


@pytest.mark.parametrize("split", SPLITS)
def test_examples_lengths_tokens_and_slices_are_counted(profile, split):
    pairs, found = SPLITS[split], profile.splits[split]
    assert found.examples == len(pairs)
    for side, cut in (("source", list), ("target", str.split)):
        rows = [cut(pair.texts[side].decode()) for pair in pairs]
        assert found.sides[side].lengths == collections.Counter(map(len, rows))
        tokens = collections.Counter(token for row in rows for token in row)
        assert dict(found.sides[side].tokens.most_common) == tokens
        assert [n for _, n in found.sides[side].tokens.most_common] == sorted(tokens.values(), reverse=True)
        assert (found.sides[side].tokens.total, found.sides[side].tokens.distinct) == (tokens.total(), len(tokens))
        assert len(cut(found.sides[side].longest)) == max(map(len, rows))
        assert len(cut(found.sides[side].shortest)) == min(map(len, rows))
    assert dict(found.slices["kind"].most_common) == collections.Counter(pair.slices["kind"].decode() for pair in pairs)


def test_a_profile_does_not_depend_on_the_order_of_the_pairs(profile):
    turned = {split: random.Random(5).sample(pairs, len(pairs)) for split, pairs in SPLITS.items()}
    assert profile_of(turned, settings()) == profile


def vocabulary(size, least, *texts):
    counted = collections.Counter(token for text in texts for token in text)
    ranked = sorted(((n, token.encode()) for token, n in counted.items() if n >= least), reverse=True)
    return {token.decode() for _, token in ranked[:size]}


@pytest.mark.parametrize("split", SPLITS)
def test_tokens_are_unknown_that_are_not_in_the_vocabulary_of_the_training_split(profile, split):
    known = vocabulary(5, 2, *(pair.source.decode() for pair in SPLITS["train"]))
    assert len(known) == 5
    tokens = collections.Counter("".join(pair.source.decode() for pair in SPLITS[split]))
    unknown = {token: count for token, count in tokens.items() if token not in known}
    assert dict(profile.splits[split].sides["source"].tokens.unknown_most_common) == unknown
    assert profile.splits[split].sides["source"].tokens.unknown_share == sum(unknown.values()) / tokens.total()


def test_a_shared_vocabulary_knows_the_tokens_of_both_sides():
    text = TextConfig(normalization="none")
    pairs = {"train": [Pair(b"ab", b"cd", {})], "eval": [Pair(b"cx", b"ay", {})]}
    for shared, unknown in ((True, {"source": ["x"], "target": ["y"]}), (False, {"source": ["c", "x"]})):
        sides = profile_of(pairs, settings(source=text, target=text, shared_vocabulary=shared, slice_keys=[])).splits
        for side, tokens in unknown.items():
            assert [token for token, _ in sides["eval"].sides[side].tokens.unknown_most_common] == tokens


@pytest.mark.parametrize("split", SPLITS)
def test_suspicious_pairs_are_counted_and_shown(profile, split):
    pairs, found = SPLITS[split], profile.splits[split]
    lengths = [(len(pair.source.decode()), len(pair.target.split())) for pair in pairs]
    assert found.near_empty.count == sum(min(pair) < 2 for pair in lengths)
    assert found.extreme_length_ratio.count == sum(max(pair) > 3 * min(pair) for pair in lengths)
    distinct = {(pair.source, pair.target) for pair in pairs}
    assert found.identical_pairs.count == len(pairs) - len(distinct)
    assert len(found.near_empty.examples) == min(found.near_empty.count, EXAMPLES_SHOWN)
    shown = {f"{pair.source.decode()} → {pair.target.decode()}" for pair in pairs if len(pair.source.decode()) < 2}
    shown |= {f"{pair.source.decode()} → {pair.target.decode()}" for pair in pairs if len(pair.target.split()) < 2}
    assert shown.issuperset(found.near_empty.examples)
    counted = collections.Counter(f"{pair.source.decode()} → {pair.target.decode()}" for pair in pairs)
    repeated = {text for text, count in counted.items() if count > 1}
    assert repeated.issuperset(found.identical_pairs.examples)
    assert len(found.identical_pairs.examples) == min(len(repeated), EXAMPLES_SHOWN)


def test_sources_in_several_splits_are_counted_for_each_of_them(profile):
    for split, pairs in SPLITS.items():
        for other in SPLITS.keys() - {split}:
            theirs = {pair.source for pair in SPLITS[other]}
            count = sum(pair.source in theirs for pair in pairs)
            found = profile.splits[split].shared_sources.get(other, Finding())
            assert found.count == count
            shared = {pair.source.decode() for pair in pairs if pair.source in theirs}
            assert shared.issuperset(found.examples)
            assert len(found.examples) == min(len(shared), EXAMPLES_SHOWN)


def test_a_place_gives_beam_no_more_the_more_pairs_it_has(tmp_path):
    given = {}
    for count in (10, 10_000):
        measure_place = MeasurePlace("train", iter, settings(), str(tmp_path))
        outputs = list(measure_place.process(random_pairs(4, count, "abcdefgh日😀")))
        given[count] = [output.tag for output in outputs]
    assert sorted(given[10]) == sorted(given[10_000]) == ["keys", "tallies", "values"]
    written = sorted(path.stat().st_size // 32 for path in tmp_path.iterdir())
    assert 10 <= written[0] < 10_000 <= written[1]


def test_what_the_model_sees_as_one_source_is_one():
    text = TextConfig(lowercase=True, unit="space")
    pairs = {"train": [Pair("E\u0301t\u00e9  x".encode(), b"a", {})], "eval": [Pair("été x ".encode(), b"b", {})]}
    found = profile_of(pairs, settings(source=text, slice_keys=[])).splits["eval"]
    assert found.shared_sources["train"].count == 1


def test_any_text_can_be_profiled():
    pairs = {"train": [Pair(source.encode(), target.encode(), {}) for source, target in HARD_PAIRS]}
    found = profile_of(pairs, settings(slice_keys=[])).splits["train"]
    assert found.examples == len(HARD_PAIRS)
    assert max(found.sides["source"].lengths) == 10_000
    assert len(found.sides["source"].longest) == 80


def test_sources_without_targets_have_one_side():
    found = profile_of({"served": [Pair(b"abc", None, {})]}, settings(slice_keys=[])).splits["served"]
    assert set(found.sides) == {"source"}
    assert found.extreme_length_ratio.count == 0


def test_an_excerpt_is_cut_between_characters():
    assert excerpt(b"kurz") == "kurz"
    assert excerpt(("日" * 5000).encode()) == "日" * 79 + "…"
