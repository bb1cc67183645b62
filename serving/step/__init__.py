"""Decoding on the client's side, one step of the model at a time."""

from serving.step.greedy import Decoded, GreedyDecoder

__all__ = ["Decoded", "GreedyDecoder"]
