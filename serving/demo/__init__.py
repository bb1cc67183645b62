"""A page for people: type a line, see the model decode it, token by token, and what it looked at."""

from serving.demo.app import create_app

__all__ = ["create_app"]
