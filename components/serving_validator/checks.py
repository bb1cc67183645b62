"""What a model has to answer: every signature what the others say too, and the graph what its own steps lead to."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from components.serving_validator.answers import DECODED_OUTPUTS, Answer, agree, is_close, read_answers
from components.serving_validator.caller import Caller
from components.serving_validator.errors import RejectedError, describe, describe_request
from components.serving_validator.sample import Sample
from serving import contract
from serving.step import DecodingSettings, Hypothesis, StepDecoder
from trainer.config.decoding import DecodingConfig
from transform.features import SOURCE, TARGET

BATCH = 32
# Texts that are asked for one by one too.
_ALONE = 4

_Values = Mapping[str, np.ndarray]


def check_signatures(caller: Caller, sample: Sample, decoding: DecodingConfig) -> None:
    """Asks every signature of serving/contract.py for real examples.

    Args:
      caller: calls the model.
      sample: the examples.
      decoding: how the model decodes.

    Raises:
      RejectedError: an answer is missing, malformed, or contradicts another one.
      NoAnswerError: the server is gone or hangs.
    """
    for part in sample.batches(BATCH):
        _Check(caller, part, decoding).run()


class _Check:
    """The checks of one batch of examples."""

    def __init__(self, caller: Caller, sample: Sample, decoding: DecodingConfig):
        self._caller = caller
        self._sample = sample
        self._decoding = decoding
        self._text = {contract.TEXT: np.array(sample.sources, object)}
        self._default: _Values = {}
        self._answers: list[list[Answer]] = []

    def run(self) -> None:
        """Runs all of them."""
        self._default = self._decoded(contract.SERVING_DEFAULT, self._text, self._decoding.n_best)
        self._answers = self._read(self._default)
        self._check_alone()
        self._check_examples()
        self._check_source()
        self._check_steps()
        scorable = self._check_complete()
        self._check_score(scorable)
        self._check_sample()

    def _check_alone(self) -> None:
        for row in np.unique(np.linspace(0, len(self._answers) - 1, _ALONE).astype(int)):
            inputs = self._row(self._text, row)
            values = self._decoded(contract.SERVING_DEFAULT, inputs, self._decoding.n_best)
            alone = read_answers(values, 0)
            if not agree(alone, self._answers[row]):
                request = describe_request(contract.SERVING_DEFAULT, inputs)
                answer = f"{_show(alone)} alone, {_show(self._answers[row])} among others"
                raise RejectedError("the answer to a text depends on the others in its batch", request, answer)

    def _check_examples(self) -> None:
        inputs = {contract.EXAMPLES: np.array(self._sample.records, object)}
        values = self._caller.predict(
            contract.SERVING_EXAMPLES,
            inputs,
            [contract.TRANSLATION, contract.TRANSLATIONS, contract.SCORES, contract.TARGET_LOG_PROB],
        )
        for name in (contract.TRANSLATION, contract.TRANSLATIONS, contract.SCORES):
            self._check_equal(name, contract.SERVING_EXAMPLES, values[name])
        targets = {**self._text, contract.TARGET: np.array(self._sample.targets, object)}
        log_prob = self._caller.predict(contract.SCORE, targets, [contract.LOG_PROB])[contract.LOG_PROB]
        for row, target in enumerate(self._sample.targets):
            told = float(values[contract.TARGET_LOG_PROB][row])
            if target and not is_close(told, float(log_prob[row])):
                raise RejectedError(
                    f"{contract.SERVING_EXAMPLES} and {contract.SCORE} contradict each other",
                    describe_request(contract.SCORE, self._row(targets, row)),
                    f"{log_prob[row]:.6g}, and {contract.TARGET_LOG_PROB} {told:.6g}",
                )

    def _check_source(self) -> None:
        names = [contract.SOURCE_TOKENS, contract.SOURCE_LENGTH]
        transformed = self._caller.predict(contract.TRANSFORM, self._text, [*names, contract.SOURCE_IDS])
        encoded = self._caller.predict(contract.ENCODE, self._text, names)
        self._check_equal(contract.SOURCE_TOKENS, contract.TRANSFORM, transformed[contract.SOURCE_TOKENS])
        self._check_equal(contract.SOURCE_TOKENS, contract.ENCODE, encoded[contract.SOURCE_TOKENS])
        lengths = (self._default[contract.SOURCE_TOKENS] != b"").sum(axis=1)
        written = (transformed[contract.SOURCE_IDS] != contract.PAD_ID).sum(axis=1)
        for row, length in enumerate(lengths):
            told = [int(values[row]) for values in (transformed[names[1]], encoded[names[1]], written)]
            if told != [length] * 3:
                request = describe_request(contract.TRANSFORM, self._row(self._text, row))
                raise RejectedError("lengths of the source contradict each other", request, f"{length} tokens, {told}")

    def _check_steps(self) -> None:
        steps = "encode, decode_step, detokenize"
        settings = {field.name for field in dataclasses.fields(DecodingSettings)} - {"min_length", "max_length"}
        # The lengths allowed are what encode answers.
        decoder = StepDecoder(self._caller, DecodingSettings(**self._decoding.model_dump(include=settings)))
        try:
            decoded = decoder.decode(self._sample.sources)
        except (ValueError, IndexError) as error:
            request = describe_request(contract.ENCODE, self._text)
            raise RejectedError(f"{steps} give no text", request, f"outputs of wrong shapes: {error}") from None
        for row, found in enumerate(decoded):
            answers = [self._step_answer(hypothesis) for hypothesis in found.hypotheses]
            if not agree(answers, self._answers[row]):
                request = describe_request(steps, self._row(self._text, row))
                answer = f"{_show(answers)}, but {contract.SERVING_DEFAULT} answers {_show(self._answers[row])}"
                raise RejectedError("step by step decoding differs from decoding in the graph", request, answer)

    def _step_answer(self, hypothesis: Hypothesis) -> Answer:
        replaced = [self._decoding.replace_unknown and number == contract.UNKNOWN_ID for number in hypothesis.ids[:-1]]
        return Answer(
            text=None if any(replaced) else hypothesis.text,
            tokens=tuple(None if gone else token for token, gone in zip(hypothesis.tokens, replaced, strict=False)),
            score=hypothesis.score,
            log_prob=hypothesis.log_prob,
            token_log_probs=hypothesis.token_log_probs,
        )

    def _check_complete(self) -> list[int]:
        """Gives the rows whose best text is cut into its own tokens again: their score is known."""
        n_best = self._decoding.n_best
        empty = {**self._text, contract.PREFIX: np.array([b""] * len(self._answers), object)}
        for row, answers in enumerate(self._read(self._decoded(contract.COMPLETE, empty, n_best))):
            if not agree(answers, self._answers[row]):
                raise RejectedError(
                    f"{contract.COMPLETE} with an empty start differs from {contract.SERVING_DEFAULT}",
                    describe_request(contract.COMPLETE, self._row(empty, row)),
                    f"{_show(answers)}, and {_show(self._answers[row])}",
                )
        given = {**self._text, contract.PREFIX: self._default[contract.TRANSLATION]}
        completed = self._read(self._decoded(contract.COMPLETE, given, n_best))
        # A text may be cut into other tokens than it was made of, and have the unknown token in it.
        unknown = contract.SPECIAL_TOKENS[contract.UNKNOWN_ID]
        begins = [
            row
            for row, (answers, expected) in enumerate(zip(completed, self._answers, strict=True))
            if expected and answers and answers[0].tokens[: len(expected[0].tokens)] == expected[0].tokens
        ]
        known = [row for row, answers in enumerate(self._answers) if answers and unknown not in answers[0].tokens]
        # A model that cuts all of its texts otherwise begins with the text all the same.
        if known and not begins and not any(_text_begins(completed[row], self._answers[row]) for row in known):
            row = known[0]
            request = describe_request(contract.COMPLETE, self._row(given, row))
            raise RejectedError("no completed text begins with the start given", request, _show(completed[row]))
        return [] if self._decoding.replace_unknown else [row for row in begins if row in known]

    def _check_score(self, scorable: Sequence[int]) -> None:
        texts = self._default[contract.TRANSLATION]
        inputs = {**self._text, contract.TARGET: texts}
        values = self._caller.predict(contract.SCORE, inputs, [contract.LOG_PROB, contract.TOKEN_LOG_PROBS])
        examples = np.array(
            [_example(source, text) for source, text in zip(self._sample.sources, texts, strict=True)], object
        )
        lengths = self._caller.predict(
            contract.SERVING_EXAMPLES, {contract.EXAMPLES: examples}, [contract.TARGET_LENGTH]
        )[contract.TARGET_LENGTH]
        for row, log_prob in enumerate(values[contract.LOG_PROB]):
            summed = float(values[contract.TOKEN_LOG_PROBS][row].sum())
            expected = self._answers[row][0].log_prob if row in scorable else summed
            is_whole = row in scorable and lengths[row] == len(self._answers[row][0].token_log_probs)
            if not is_close(float(log_prob), summed) or (is_whole and not is_close(float(log_prob), expected)):
                raise RejectedError(
                    f"{contract.SCORE} of a decoded text differs from the log-probability that came with it",
                    describe_request(contract.SCORE, self._row(inputs, row)),
                    f"{log_prob:.6g}, the sum of its tokens is {summed:.6g}, and the decoded text's {expected:.6g}",
                )

    def _check_sample(self) -> None:
        inputs = {**self._text, contract.SEED: np.arange(len(self._answers), dtype=np.int64)}
        first, second = (
            self._read(self._decoded(contract.SAMPLE, inputs, self._decoding.sample_size)) for _ in range(2)
        )
        for row, (answers, again) in enumerate(zip(first, second, strict=True)):
            if not agree(answers, again):
                request = describe_request(contract.SAMPLE, self._row(inputs, row))
                raise RejectedError(
                    "equal seeds draw different texts", request, f"{_show(answers)}, then {_show(again)}"
                )

    def _decoded(self, signature: str, inputs: _Values, n_best: int) -> _Values:
        """Decoded outputs, of the shapes of the contract, best text first."""
        values = self._caller.predict(signature, inputs, DECODED_OUTPUTS)
        batch = len(inputs[contract.TEXT])
        shape = values[contract.TOKENS].shape
        wanted = {
            contract.TRANSLATION: (batch,),
            **dict.fromkeys((contract.TRANSLATIONS, contract.SCORES, contract.LOG_PROBS), (batch, n_best)),
            **dict.fromkeys((contract.TOKENS, contract.TOKEN_LOG_PROBS), (batch, n_best, *shape[2:3])),
            contract.ALIGNMENT: (batch, n_best, *shape[2:3], *values[contract.SOURCE_TOKENS].shape[1:2]),
        }
        request = describe_request(signature, inputs)
        for name, expected in wanted.items():
            if values[name].shape != expected:
                raise RejectedError(
                    f"output {name} of {signature} has a wrong shape",
                    request,
                    f"{values[name].shape}, wanted {expected}",
                )
        if (values[contract.TRANSLATION] != values[contract.TRANSLATIONS][:, 0]).any():
            raise RejectedError(
                f"{contract.TRANSLATION} is not the first text", request, describe(values[contract.TRANSLATION])
            )
        if (np.diff(values[contract.SCORES], axis=1) > 0).any():
            raise RejectedError("the texts are not sorted by score", request, describe(values[contract.SCORES]))
        return values

    def _read(self, values: _Values) -> list[list[Answer]]:
        return [read_answers(values, row) for row in range(len(values[contract.TRANSLATION]))]

    def _check_equal(self, name: str, signature: str, values: np.ndarray) -> None:
        """Whether a signature gives an output as serving_default does."""
        expected = self._default[name]
        if values.shape != expected.shape:
            answer = f"shape {values.shape}, and {contract.SERVING_DEFAULT} {expected.shape}"
            raise RejectedError(
                f"{name} of {signature} is another one", describe_request(signature, self._text), answer
            )
        is_equal = np.isclose(values, expected, 1e-4, 1e-4) if values.dtype.kind == "f" else values == expected
        for row in np.flatnonzero(~is_equal.reshape(len(values), -1).all(axis=1)):
            request = describe_request(signature, self._row(self._text, row))
            answer = f"{describe(values[row])}, and {contract.SERVING_DEFAULT} {describe(expected[row])}"
            raise RejectedError(f"{name} of {signature} is another one", request, answer)

    def _row(self, inputs: _Values, row: int) -> _Values:
        return {name: values[row : row + 1] for name, values in inputs.items()}


def _show(answers: Sequence[Answer]) -> str:
    return " | ".join(map(str, answers)) or "no text"


def _text_begins(completed: list[Answer], start: list[Answer]) -> bool:
    texts = [answers[0].text for answers in (completed, start) if answers]
    return len(texts) == 2 and None not in texts and texts[0].startswith(texts[1])


def _example(source: bytes, target: bytes) -> bytes:
    features = {SOURCE: source, TARGET: target}
    feature = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text])) for name, text in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
