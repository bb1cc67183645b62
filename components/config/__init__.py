"""Settings of data ingestion, evaluation and the push."""
