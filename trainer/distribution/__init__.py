"""Training on more than one device."""
