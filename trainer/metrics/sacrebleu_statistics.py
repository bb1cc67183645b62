"""BLEU, chrF and TER of a corpus, by sacrebleu: its sufficient statistics are what is summed.

References:
  Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation".
  Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation".
  Snover et al. 2006, "A Study of Translation Edit Rate with Targeted Human Annotation".
  Post 2018, "A Call for Clarity in Reporting BLEU Scores".
"""

from collections.abc import Sequence

import sacrebleu.metrics
from sacrebleu.metrics.base import Metric

from trainer.metrics.statistic import CorpusStatistic, DecodedExample

_VARYING = -1  # how sacrebleu writes that the number of references differs between examples


class SacrebleuStatistic(CorpusStatistic):
    """A score from 0 to 100 (TER: from 0 upwards), equal to sacrebleu's `corpus_score` of the same texts.

    A corpus without examples has score 0, as sacrebleu has it.
    """

    def __init__(self, metric: Metric, width: int):
        """Wraps a metric of sacrebleu.

        Args:
            metric: with its settings.
            width: numbers in its sufficient statistics.
        """
        self._metric = metric
        self._width = width

    @property
    def width(self) -> int:
        return self._width

    @property
    def signature(self) -> str:
        """sacrebleu's own record of the settings and its version, to be published with the score."""
        self._metric.num_refs = _VARYING
        return str(self._metric.get_signature())

    def of_example(self, example: DecodedExample) -> Sequence[float]:
        streams = [[reference] for reference in example.references]
        [statistics] = self._metric._extract_corpus_statistics([example.hypothesis], streams)
        return statistics

    def figure(self, sums: Sequence[float]) -> float:
        return float(self._metric._compute_score_from_stats(list(sums)).score)


def bleu() -> SacrebleuStatistic:
    """BLEU with sacrebleu's defaults: tokenizer 13a, n-grams up to 4, exponential smoothing."""
    # Forced: it would warn of text that looks tokenized, which the target may well be.
    metric = sacrebleu.metrics.BLEU(force=True)
    return SacrebleuStatistic(metric, width=2 + 2 * metric.max_ngram_order)


def chrf() -> SacrebleuStatistic:
    """chrF2 with sacrebleu's defaults: character n-grams up to 6, no word n-grams."""
    metric = sacrebleu.metrics.CHRF()
    return SacrebleuStatistic(metric, width=3 * metric.order)


def ter() -> SacrebleuStatistic:
    """TER with sacrebleu's defaults: case does not count, punctuation does."""
    return SacrebleuStatistic(sacrebleu.metrics.TER(), width=2)
