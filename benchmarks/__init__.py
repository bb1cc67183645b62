"""What is measured: each program runs what it compares in turns, in one run, and prints medians and ratios."""
