"""The same architecture in PyTorch, for an interpreter that has it. Nothing of the product is imported here."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.token_batches import PAD_ID, Batch, Shape


class EncoderDecoder(nn.Module):
    """A bidirectional LSTM encoder, and an LSTM decoder with the attention that the product calls general."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.source_embedding = nn.Embedding(shape.source_vocabulary, shape.embedding)
        self.target_embedding = nn.Embedding(shape.target_vocabulary, shape.embedding)
        layers, units = shape.encoder_layers, shape.encoder_units
        self.encoder = nn.LSTM(shape.embedding, units, layers, bidirectional=True, batch_first=True)
        self.decoder = nn.LSTM(shape.embedding, shape.decoder_units, batch_first=True)
        self.bridge = nn.ModuleList([nn.Linear(4 * layers * units, shape.decoder_units) for _ in range(2)])
        self.query = nn.Linear(shape.decoder_units, 2 * units, bias=False)
        self.combine = nn.Linear(2 * units + shape.decoder_units, shape.decoder_units)
        self.output = nn.Linear(shape.decoder_units, shape.target_vocabulary)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits of the target tokens that are no padding, float [tokens, vocabulary].

        Args:
            batch: Int64 tensors as `token_batches.read_batches` describes them.
        """
        source = batch["source_ids"]
        memory, state = self.encode(source, batch["source_length"])
        outputs, _ = self.decoder(self.target_embedding(batch["target_input_ids"]), state)
        return self.output(self.attend(outputs, memory, source)[batch["target_output_ids"] != PAD_ID])

    def encode(
        self, source: torch.Tensor, length: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """The encoder's outputs, float [batch, source, 2 * units], and the decoder's first output and carry."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.source_embedding(source), length, batch_first=True, enforce_sorted=False
        )
        memory, states = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(memory, batch_first=True, total_length=source.shape[1])
        state = torch.cat([tensor for pair in zip(*states, strict=True) for tensor in pair], dim=-1)
        return memory, (torch.tanh(self.bridge[0](state))[None], self.bridge[1](state)[None])

    def attend(self, outputs: torch.Tensor, memory: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """The attentional vectors, float [batch, target, units], of the decoder's outputs."""
        scores = torch.bmm(self.query(outputs), memory.transpose(1, 2))
        scores = scores.masked_fill((source == PAD_ID)[:, None], torch.finfo(scores.dtype).min)
        context = torch.bmm(torch.softmax(scores, dim=-1), memory)
        return torch.tanh(self.combine(torch.cat([context, outputs], dim=-1)))


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
