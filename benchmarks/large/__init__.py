"""Pictures of unusual shape and size with known text, for `benchmarks/large_pages.py`."""
