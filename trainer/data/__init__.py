"""The transformed pairs on disk, and the batches made of them."""
