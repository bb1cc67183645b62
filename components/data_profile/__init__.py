"""A profile of parallel text: lengths, tokens, slice keys, and suspicious pairs of every split, counted on Beam."""
