"""Starting from the weights of an exported model instead of random ones."""
