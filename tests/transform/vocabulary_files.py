"""Vocabulary files for tests."""

from serving.contract import SPECIAL_TOKENS


def write_vocabulary(path, tokens):
    """Writes a vocabulary of the special tokens and the other `tokens`; returns its path."""
    lines = (*SPECIAL_TOKENS, *(token for token in tokens if token not in SPECIAL_TOKENS))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return str(path)
