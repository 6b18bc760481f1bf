"""Data sets: Parquet files per market, kind and day, their writer, reader and checks.

Nothing is imported here: `arbcore.data.dataset` needs no third-party library beyond the kernel's, the other modules
need the extra `arbcore[data]`.
"""
