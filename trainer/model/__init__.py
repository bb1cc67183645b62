"""The encoder-decoder: its layers, and the recurrences that they run."""
