"""The same architecture in PyTorch, for an interpreter that has it. Nothing of the product is imported here."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.token_batches import PAD_ID, Batch, Shape


class EncoderDecoder(nn.Module):
    """Logits of the target tokens that are no padding, float [tokens, vocabulary]."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.source_embedding = nn.Embedding(shape.source_vocabulary, shape.embedding)
        self.target_embedding = nn.Embedding(shape.target_vocabulary, shape.embedding)
        self.encoder = nn.LSTM(shape.embedding, shape.encoder_units, bidirectional=True, batch_first=True)
        self.decoder = nn.LSTM(shape.embedding, shape.decoder_units, batch_first=True)
        self.bridge = nn.ModuleList([nn.Linear(4 * shape.encoder_units, shape.decoder_units) for _ in range(2)])
        self.query = nn.Linear(shape.decoder_units, 2 * shape.encoder_units, bias=False)
        self.combine = nn.Linear(2 * shape.encoder_units + shape.decoder_units, shape.decoder_units)
        self.output = nn.Linear(shape.decoder_units, shape.target_vocabulary)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Reads int64 tensors as `token_batches.read_batches` describes them."""
        source = batch["source_ids"]
        packed = nn.utils.rnn.pack_padded_sequence(
            self.source_embedding(source), batch["source_length"], batch_first=True, enforce_sorted=False
        )
        memory, (output, carry) = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(memory, batch_first=True, total_length=source.shape[1])
        state = torch.cat([*output, *carry], dim=-1)
        initial = (torch.tanh(self.bridge[0](state))[None], self.bridge[1](state)[None])
        outputs, _ = self.decoder(self.target_embedding(batch["target_input_ids"]), initial)
        scores = torch.bmm(self.query(outputs), memory.transpose(1, 2))
        scores = scores.masked_fill((source == PAD_ID)[:, None], torch.finfo(scores.dtype).min)
        context = torch.bmm(torch.softmax(scores, dim=-1), memory)
        combined = torch.tanh(self.combine(torch.cat([context, outputs], dim=-1)))
        return self.output(combined[batch["target_output_ids"] != PAD_ID])


def train_torch(batches: list[Batch], shape: Shape, threads: int) -> Callable[[], None]:
    """A function that takes a training step on each batch."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = EncoderDecoder(shape)
    optimizer = torch.optim.Adam(model.parameters(), shape.learning_rate, eps=1e-7)
    rounded = torch.autocast("cpu", torch.bfloat16, enabled=shape.precision == "mixed_bfloat16")
    tensors = [{name: torch.from_numpy(values) for name, values in batch.items()} for batch in batches]

    def train() -> None:
        for batch in tensors:
            targets = batch["target_output_ids"]
            with rounded:
                logits = model(batch)
            loss = nn.functional.cross_entropy(logits.float(), targets[targets != PAD_ID])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), shape.clip_norm)
            optimizer.step()
            loss.item()

    return train
