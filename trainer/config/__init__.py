"""Settings of the model, its training, and its decoding."""
