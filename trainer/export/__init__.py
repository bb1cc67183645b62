"""The trained model as TensorFlow Serving loads it."""
