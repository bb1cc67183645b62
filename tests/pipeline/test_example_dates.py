"""The dates task's data: every text means one date, evaluation asks for unseen ones, and a call can be repeated."""

import collections
import datetime
import hashlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unicodedata

import babel.dates
import pytest
from typer.testing import CliRunner

from pipeline.cli import example
from pipeline.config_file import load_config
from pipeline.examples.date_forms import LOCALES, make_forms, reading_key
from pipeline.examples.dates import FEWEST, HELD_OUT, MOST_PER_DATE, write_dates

ROOT = pathlib.Path(__file__).parents[2]
SPLITS = ("train", "eval", "test")
COUNT = 22_000
EVALUATED = 1000

# Typed by hand, not made with Babel.
MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
DAYS = {
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "ru": "понедельник вторник среда четверг пятница суббота воскресенье",
}


@pytest.fixture(scope="module")
def forms():
    return make_forms()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """(source, target, locale) of each split."""
    folder = tmp_path_factory.mktemp("dates") / "made" / "anew"
    counts = write_dates(folder, COUNT, seed=1)
    assert counts == {
        folder / "train.tsv": COUNT - 2 * EVALUATED,
        folder / "eval.tsv": EVALUATED,
        folder / "test.tsv": EVALUATED,
    }
    return {split: read(folder / f"{split}.tsv") for split in SPLITS}


def read(path):
    header, *lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert header == "source\ttarget\tlocale"
    rows = [tuple(line.split("\t")) for line in lines]
    assert all(len(row) == 3 for row in rows)
    return rows


def start_writer(folder, count, seed, **environment):
    """`write_dates` in a process of its own, which an interrupt reaches even where the tests run in the background."""
    call = (
        "import pathlib, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from pipeline.examples.dates import write_dates;"
        "write_dates(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
    )
    command = [sys.executable, "-c", call, str(folder), str(count), str(seed)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE)


def texts_of(forms, date, locale=None):
    return {form.write(date) for form in forms if locale in (None, form.locale)} - {None}


def days_of(year):
    first = datetime.date(year, 1, 1)
    return [day for ahead in range(366) if (day := first + datetime.timedelta(ahead)).year == year]


@pytest.mark.parametrize(
    ("locale", "date", "text"),
    [
        ("ar_EG", "2021-03-04", "الخميس، ٤ مارس ٢٠٢١"),
        ("ar_EG", "2021-03-04", "4 مارس 2021"),
        ("ar_EG", "2021-03-25", "٢٥/٣/٢٠٢١"),
        ("de", "2021-03-04", "Donnerstag, den 4. März 2021"),
        ("de", "2021-12-04", "4. Dez 2021"),
        ("de", "2021-03-04", "4.3.2021"),
        ("el", "2021-03-04", "Πέμπτη, 4 Μαρτίου 2021"),
        ("en_GB", "2021-03-01", "1st March 2021"),
        ("en_GB", "2021-03-12", "12th March 2021"),
        ("en_GB", "2021-03-22", "Monday, 22nd March 2021"),
        ("en_GB", "2021-03-23", "23/03/2021"),
        ("en_US", "2021-03-04", "March 4th, 2021"),
        ("en_US", "2021-03-04", "Thu, Mar 4, 2021"),
        ("en_US", "2021-03-04", "March 4 2021"),
        ("en_US", "2021-03-04", "MARCH 4, 2021"),
        ("en_US", "2021-03-23", "3/23/2021"),
        ("es", "2021-09-04", "4 de Septiembre de 2021"),
        ("fr", "2021-03-01", "1er mars 2021"),
        ("fr", "2021-01-04", "4 janv 2021"),
        ("he", "2021-03-04", "4 במרץ 2021"),
        ("hi", "2021-03-04", "४ मार्च २०२१"),
        ("it", "2021-03-04", "giovedì 4 marzo 2021"),
        ("ja", "2021-03-04", "2021年3月4日(木)"),
        ("ja", "2021-03-04", "２０２１年３月４日"),
        ("ko", "2021-03-04", "2021년 3월 4일 목요일"),
        ("nl", "2021-03-04", "4-3-2021"),
        ("pl", "2021-03-04", "4 marca 2021 r."),
        ("pt_BR", "2021-03-04", "quinta-feira, 4 de março de 2021"),
        ("ru", "2021-03-04", "четверг, 4 марта 2021 г."),
        ("sv", "2021-03-04", "torsdag den 4 mars 2021"),
        ("tr", "2021-03-04", "4 Mart 2021 Perşembe"),
        ("zh", "2021-03-04", "2021年3月4日星期四"),
    ],
)
def test_dates_are_written_as_people_write_them(forms, locale, date, text):
    assert text in texts_of(forms, datetime.date.fromisoformat(date), locale)


@pytest.mark.parametrize("length", ["full", "long", "medium"])
@pytest.mark.parametrize("locale", LOCALES)
def test_the_formats_of_babel_are_among_the_forms(forms, locale, length):
    date = datetime.date(1987, 10, 26)
    expected = re.sub("[\u200e\u200f]", "", babel.dates.format_date(date, length, locale)).replace("\u202f", " ")
    assert expected in texts_of(forms, date, locale)


def test_every_text_means_one_date_whatever_the_locale_and_habit(forms):
    meant = {}
    for date in days_of(2028):
        for text in texts_of(forms, date):
            assert meant.setdefault(reading_key(text), date) == date, text
    # Other years have other texts: each has its year in it, apart from other digits.
    ascii_digits = {code: str(unicodedata.decimal(chr(code))) for code in map(ord, "٠١٢٣٤٥٦٧٨٩०१२३४५६७८९")}
    assert all(re.findall(r"\d{3,}", key.translate(ascii_digits)) == ["2028"] for key in meant)


def test_the_order_of_day_and_month_is_never_a_guess(forms):
    numeric = {text: date for date in days_of(2021) for text in texts_of(forms, date) if re.fullmatch("[0-9/]+", text)}
    assert not {"3/4/2021", "03/04/2021", "4/3/2021", "04/03/2021"} & set(numeric)
    assert numeric["3/25/2021"] == numeric["25/3/2021"] == numeric["25/03/2021"] == datetime.date(2021, 3, 25)
    assert numeric["4/4/2021"] == datetime.date(2021, 4, 4)
    assert numeric["2021/3/4"] == datetime.date(2021, 3, 4)
    assert not {text for text in texts_of(forms, datetime.date(2021, 3, 4), "en_US") if "/" in text}


def test_turkish_is_not_written_with_the_letters_of_other_languages(forms):
    # A dotless I beside an i, or a dot above, would come of other languages' rules of case.
    texts = {text for date in days_of(2021) for text in texts_of(forms, date, "tr")}
    assert not [text for text in texts if re.search("[Iİ\u0307]", text)]


def test_no_source_and_no_date_is_in_two_splits(rows):
    keys = {split: [reading_key(source) for source, _, _ in rows[split]] for split in SPLITS}
    targets = {split: {target for _, target, _ in rows[split]} for split in SPLITS}
    assert len(set().union(*keys.values())) == COUNT
    assert all(not targets[one] & targets[other] for one, other in [SPLITS[:2], SPLITS[1:], SPLITS[::2]])


@pytest.mark.parametrize("split", SPLITS)
def test_every_locale_has_its_share_of_every_split(rows, split):
    assert len(LOCALES) >= 12
    counts = collections.Counter(locale for _, _, locale in rows[split])
    assert set(counts) == set(LOCALES)
    assert min(counts.values()) > len(rows[split]) / len(LOCALES) / 2
    assert all("1900" <= target[:4] <= "2099" for _, target, _ in rows[split])


def test_targets_are_iso_dates_and_texts_fit_the_configuration(rows):
    config = load_config(ROOT / "configs" / "dates.yaml")
    for source, target, _ in (row for split in SPLITS for row in rows[split]):
        assert datetime.date.fromisoformat(target).isoformat() == target
        assert len(target) <= config.target.max_length
        assert 6 <= len(unicodedata.normalize("NFKC", source)) <= config.source.max_length


def test_english_texts_are_read_back_by_strptime(rows):
    patterns = ("%A, %d %B %Y", "%d %B %Y", "%A, %B %d, %Y", "%B %d, %Y", "%a, %d %b %Y", "%a, %b %d, %Y", "%d/%m/%Y")
    read_back = 0
    for source, target, locale in rows["train"]:
        for pattern in patterns if locale == "en_GB" else patterns[:-1] if locale == "en_US" else ():
            try:
                parsed = datetime.datetime.strptime(source, pattern)
            except ValueError:
                continue
            assert parsed.strftime("%Y-%m-%d") == target
            if "%A" in pattern:
                assert parsed.strftime("%A").lower() == re.match("[a-z]+", source.lower())[0]
            read_back += 1
    assert read_back > 500


@pytest.mark.parametrize("locale", MONTHS)
def test_texts_with_names_are_read_back_by_names_typed_by_hand(rows, locale):
    months, days = ([name.lower() for name in names[locale].split()] for names in (MONTHS, DAYS))
    read_back = with_weekday = 0
    for source, target, _ in (row for row in rows["train"] if row[2] == locale):
        date = datetime.date.fromisoformat(target)
        words = re.findall(r"[^\W\d]+", source.lower())
        if any(word in months for word in words):
            day, year = map(int, re.findall(r"\d+", source))
            (month,) = (months.index(word) + 1 for word in words if word in months)
            assert datetime.date(year, month, day) == date
            read_back += 1
        if any(word in days for word in words):
            assert [days.index(word) for word in words if word in days] == [date.weekday()]
            with_weekday += 1
    assert read_back > 200
    assert with_weekday > 80


@pytest.mark.parametrize("locale", ["ja", "ko", "zh"])
def test_texts_with_the_year_first_are_read_back_by_their_digits(rows, locale):
    for source, target, _ in (row for row in rows["train"] if row[2] == locale):
        assert list(map(int, re.findall(r"\d+", source))) == list(map(int, target.split("-")))


def test_what_the_demo_asks_for_was_never_written(rows, forms):
    lines = re.search(r"<<'LINES'\n(.*)LINES", (ROOT / "deploy" / "demo.sh").read_text(encoding="utf-8"), re.DOTALL)
    asked = lines[1].splitlines()
    assert len(asked) == 5
    writable = set().union(*(texts_of(forms, date) for date in HELD_OUT))
    assert set(asked) <= writable
    written = {target for split in SPLITS for _, target, _ in rows[split]}
    assert not written & {date.isoformat() for date in HELD_OUT}


def test_the_same_seed_gives_the_same_bytes_in_every_process(tmp_path):
    digests = []
    for hash_seed, seed in (("0", 7), ("1", 7), ("0", 8)):
        folder = tmp_path / f"{hash_seed}-{seed}"
        assert start_writer(folder, FEWEST, seed, PYTHONHASHSEED=hash_seed).wait() == 0
        assert sorted(os.listdir(folder)) == ["eval.tsv", "test.tsv", "train.tsv"]
        digests.append([hashlib.sha256((folder / f"{split}.tsv").read_bytes()).hexdigest() for split in SPLITS])
    assert digests[0] == digests[1]
    assert not set(digests[0]) & set(digests[2])


def test_there_are_more_texts_of_every_date_than_are_ever_wanted(forms):
    for date in (datetime.date(2021, 3, 4), datetime.date(1900, 5, 1), datetime.date(2020, 2, 29)):
        assert len(set(map(reading_key, texts_of(forms, date)))) > 4 * MOST_PER_DATE


@pytest.mark.parametrize("count", [-1, 0, FEWEST - 1, 10_000_000_000])
def test_a_count_that_cannot_be_made_is_refused(tmp_path, count):
    with pytest.raises(ValueError, match=r"pairs: from 1,000 to 4,\d{3},\d{3} can be made"):
        write_dates(tmp_path / "dates", count, seed=1)
    assert not (tmp_path / "dates").exists()


def test_the_command_prints_a_line_for_each_file(tmp_path):
    outcome = CliRunner().invoke(example.app, ["dates", "--output", str(tmp_path), "--count", "1000", "--seed", "3"])
    assert outcome.exit_code == 0
    assert outcome.output == (
        f"{tmp_path}/train.tsv: 910 pairs\n{tmp_path}/eval.tsv: 45 pairs\n{tmp_path}/test.tsv: 45 pairs\n"
    )


@pytest.mark.parametrize("in_the_way", ["dates", "dates/eval.tsv/something"])
def test_the_command_says_which_folder_cannot_be_written(tmp_path, in_the_way):
    (tmp_path / in_the_way).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / in_the_way).write_text("", encoding="utf-8")
    folder = tmp_path / "dates"
    outcome = CliRunner().invoke(example.app, ["dates", "--output", str(folder), "--count", "1000"])
    assert outcome.exit_code == 2
    assert outcome.output.startswith(f"error: {folder}: cannot be written to: ")
    assert not list(tmp_path.rglob(".unfinished-*"))
    assert not (folder / "train.tsv").exists()


def test_an_interrupted_call_leaves_the_files_as_they_were(tmp_path):
    write_dates(tmp_path, 1000, seed=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    writer = start_writer(tmp_path, 2_000_000, seed=2)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".unfinished-*/eval.tsv")) and time.monotonic() < deadline:
        time.sleep(0.01)
    writer.send_signal(signal.SIGINT)
    _, errors = writer.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
