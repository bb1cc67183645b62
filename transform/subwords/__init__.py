"""Subword units: a vocabulary of pieces of words, learned from counts of words, and words cut into its pieces."""
