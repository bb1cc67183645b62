"""The Beam pipeline of a prediction: each shard is read, translated and written by one worker, in bounded memory."""

import logging
import time
import uuid
from collections.abc import Iterator

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils.shared import Shared

from components.prediction.job import Job, remove_leftovers, unfinished_path
from components.prediction.model import BatchModel
from components.prediction.sources import Source, read_sources
from components.prediction.writers import open_writer
from trainer.learning.progress import duration

# Of sources that are read before any is translated: enough that those of like length go together.
_MOST_SOURCES, _MOST_BYTES = 1024, 4 << 20
_SECONDS_BETWEEN_LINES = 10.0

_LOGGER = logging.getLogger("seq2seq.predict")


def predict(job: Job, beam_arguments: list[str]) -> None:
    """Translates the shards of a job that are not there yet.

    A shard's file appears under its name when it is whole.

    Args:
      job: whose record has been written.
      beam_arguments: flags of the Beam pipeline.

    Raises:
      InputError: a file has changed since it was looked through, and cannot be read any more.
      RuntimeError: a shard failed; the last line of the message says why.
    """
    remove_leftovers(job)
    with beam.Pipeline(options=PipelineOptions(beam_arguments)) as pipeline:
        (
            pipeline
            | "Shards" >> beam.Create(job.unfinished())
            # One to a bundle, so that as many workers as there are take part.
            | "Spread" >> beam.Reshuffle()
            | "Predict" >> beam.ParDo(_PredictShard(job))
        )


class _PredictShard(beam.DoFn):
    """Translates shards, given by their indices; the model is loaded once in a process."""

    def __init__(self, job: Job):
        self._job = job
        self._shared = Shared()
        self._model: BatchModel | None = None

    def setup(self) -> None:
        """Loads the model, unless another thread of the process has it."""
        job = self._job
        self._model = self._shared.acquire(
            lambda: BatchModel(job.model, n_best=job.settings.n_best is not None), tag=job.model
        )

    def process(self, index: int) -> None:
        """Translates one shard."""
        shard, path = self._job.shards[index], self._job.paths()[index]
        temporary = unfinished_path(path, uuid.uuid4().hex)
        progress = _Progress(index + 1, len(self._job.shards), shard.count)
        try:
            # What is in the file does not depend on what it is called.
            with FileSystems.create(temporary, compression_type=CompressionTypes.UNCOMPRESSED) as stream:
                writer = open_writer(stream, self._job.settings, self._model.has_scores)
                for sources in _windows(self._sources(index)):
                    writer.write(sources, self._model.translate([source.text for source in sources]))
                    progress.add(len(sources))
                writer.close()
            FileSystems.rename([temporary], [path])
        except BaseException:  # Ctrl-C too
            if FileSystems.exists(temporary):
                FileSystems.delete([temporary])
            raise
        progress.finish(path)

    def _sources(self, index: int) -> Iterator[Source]:
        number = self._job.shards[index].first
        for stretch in self._job.shards[index].stretches:
            yield from read_sources(stretch, number, self._job.settings)
            number += stretch.count


def _windows(sources: Iterator[Source]) -> Iterator[list[Source]]:
    """Sources in groups of bounded number and size."""
    window: list[Source] = []
    size = 0
    for source in sources:
        window.append(source)
        size += len(source.line)
        if len(window) == _MOST_SOURCES or size > _MOST_BYTES:
            yield window
            window, size = [], 0
    if window:
        yield window


class _Progress:
    """Tells how far a shard is."""

    def __init__(self, number: int, of: int, count: int):
        self._name = f"shard {number} of {of}" if of > 1 else "the file"
        self._count = count
        self._done = 0
        self._started = self._told = time.monotonic()

    def add(self, count: int) -> None:
        """Counts sources that are done, and says so now and then."""
        self._done += count
        now = time.monotonic()
        if now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        speed = self._done / (now - self._started)
        left = duration((self._count - self._done) / speed)
        _LOGGER.info(
            "%s: %s of %s sources, %s a second, about %s left",
            *(self._name, f"{self._done:,}", f"{self._count:,}", f"{speed:,.0f}", left),
        )

    def finish(self, path: str) -> None:
        """Says that the shard is done."""
        seconds = time.monotonic() - self._started
        _LOGGER.info("%s: %s sources in %s", path, f"{self._done:,}", duration(seconds))
