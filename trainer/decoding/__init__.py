"""Decoding inside the graph: how the next token is chosen, step by step, until a text has ended."""
