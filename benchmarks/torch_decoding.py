"""Decoding with PyTorch, in a process of its own for an interpreter that has it: an answer for each line that it reads.

    python -m benchmarks.torch_decoding WEIGHTS.npz SHAPE THREADS

WEIGHTS are those of EncoderDecoder by PyTorch's names, SHAPE is a JSON object of Shape's fields. A line is a JSON
object of ids, a list of lists of source ids, beam, 1 for greedy search, and most, the most tokens to decode. The answer
is a list of lists of target ids.
"""

import json
import sys

import numpy as np
import torch

from benchmarks.token_batches import END_ID, PAD_ID, START_ID, Shape
from benchmarks.torch_model import EncoderDecoder


def main(weights: str, shape: str, threads: str) -> None:
    """Answers until standard input ends."""
    torch.set_num_threads(int(threads))
    model = EncoderDecoder(Shape(**json.loads(shape))).eval()
    with np.load(weights) as arrays:
        model.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays.files})
    for line in sys.stdin:
        request = json.loads(line)
        length = torch.tensor([len(ids) for ids in request["ids"]])
        rows = [torch.tensor(ids) for ids in request["ids"]]
        source = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD_ID)
        with torch.inference_mode():
            found = beam_search(model, source, length, request["beam"], request["most"])
        sys.stdout.write(json.dumps(found.tolist()) + "\n")
        sys.stdout.flush()


def beam_search(
    model: EncoderDecoder, source: torch.Tensor, length: torch.Tensor, beam: int, most: int
) -> torch.Tensor:
    """The most probable hypothesis of each source, int64 [batch, target].

    Args:
        model: The model.
        source: Int64 [batch, source].
        length: Int64 [batch].
        beam: Hypotheses that are followed; one that has ended stays in its place until better ones push it out.
        most: Most tokens of a hypothesis, the end token not counted.
    """
    batch = len(source)
    memory, state = model.encode(source, length)
    memory, source = memory.repeat_interleave(beam, 0), source.repeat_interleave(beam, 0)
    state = tuple(part.repeat_interleave(beam, 1) for part in state)
    token = torch.full((batch * beam, 1), START_ID)
    # The first step's hypotheses are all alike: one of them counts.
    scores = torch.full((batch, beam), -torch.inf)
    scores[:, 0] = 0.0
    ended = torch.zeros(batch * beam, dtype=torch.bool)
    written = torch.empty((batch * beam, 0), dtype=torch.int64)
    first = (torch.arange(batch) * beam)[:, None]
    for _ in range(most + 1):
        outputs, state = model.decoder(model.target_embedding(token), state)
        log_probs = torch.log_softmax(model.output(model.attend(outputs, memory, source))[:, 0], dim=-1)
        log_probs[:, [PAD_ID, START_ID]] = -torch.inf
        log_probs[ended] = -torch.inf
        log_probs[ended, PAD_ID] = 0.0
        vocabulary = log_probs.shape[-1]
        totals = (scores[:, :, None] + log_probs.view(batch, beam, vocabulary)).view(batch, -1)
        scores, places = totals.topk(beam, dim=-1)
        rows = (first + places // vocabulary).view(-1)
        token = (places % vocabulary).view(-1, 1)
        state = tuple(part[:, rows] for part in state)
        written = torch.cat([written[rows], token], dim=1)
        ended = ended[rows] | (token[:, 0] == END_ID)
        if ended.all():
            break
    return written.view(batch, beam, -1)[:, 0]


if __name__ == "__main__":
    main(*sys.argv[1:])
