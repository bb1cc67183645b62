"""The training loop, and what it brings down."""
