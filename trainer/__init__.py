"""The attention encoder-decoder: model, training loop, decoding in the graph, and the exported signatures."""
