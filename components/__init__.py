"""What TFX does not bring: parallel text ingestion, data gate, decoded-text metrics, an atomic Pusher."""
