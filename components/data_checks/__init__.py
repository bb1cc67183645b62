"""What data is held to: bounds of the schema, limits on duplicates and leakage, and on drift from earlier data."""
