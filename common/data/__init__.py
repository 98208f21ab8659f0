"""Data sets: where they come from, and how they are cut into views, held-out samples and batches."""
