"""Clients of a model server, TensorFlow Serving's or the local one: `TranslationClient` sends text and gets text."""

from serving.client.aio import AsyncTranslationClient
from serving.client.connection import Connection, Retry, Tls
from serving.client.errors import ClientError
from serving.client.predictor import ModelAddress, Predictor
from serving.client.translation import Batching, Candidate, Translation, TranslationClient

__all__ = [
    "AsyncTranslationClient",
    "Batching",
    "Candidate",
    "ClientError",
    "Connection",
    "ModelAddress",
    "Predictor",
    "Retry",
    "Tls",
    "Translation",
    "TranslationClient",
]
