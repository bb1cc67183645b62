"""What came of what, out of ML Metadata."""
