"""Benchmarks: ratios against a baseline in the same run, never timed tests. Run them with `make bench`."""
