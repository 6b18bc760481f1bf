"""The journal: canonical bytes, the hash chain, a journal in memory, projections, and tables for SQL stores."""
