"""Decoding on the client's side, one step of the model at a time: greedy, beam, sampling, prefixes and phrases."""

from serving.step.decoder import Decided, Decoded, Hypothesis, Request, StepDecoder
from serving.step.search import Hook, StepView
from serving.step.settings import DecodingSettings, SamplingSettings

__all__ = [
    "Decided",
    "Decoded",
    "DecodingSettings",
    "Hook",
    "Hypothesis",
    "Request",
    "SamplingSettings",
    "StepDecoder",
    "StepView",
]
