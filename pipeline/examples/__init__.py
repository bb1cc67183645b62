"""Data for the example tasks."""
