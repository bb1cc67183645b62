"""A local double of tensorflow_model_server, for development and tests."""
