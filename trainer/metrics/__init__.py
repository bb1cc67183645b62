"""Figures of a corpus of decoded text, computed of sums over its examples: of training and of evaluation alike."""
