"""Clients of a model server, TensorFlow Serving's or the local one: `TranslationClient` sends text and gets text."""

from serving.client.connection import Connection, Retry, Tls
from serving.client.errors import ClientError
from serving.client.translation import Candidate, Translation, TranslationClient

__all__ = ["Candidate", "ClientError", "Connection", "Retry", "Tls", "Translation", "TranslationClient"]
