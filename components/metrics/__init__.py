"""Metrics of decoded text: figures of a whole corpus, computed of sums that Beam can merge in any order."""
