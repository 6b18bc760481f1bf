"""Generated markets: the same instruments, parameters and seed give the same rows.

A common random walk per coin is seen by every venue through its own premium, by perpetuals through a basis, and by
venues of another currency through a conversion rate; premium, basis and rate revert to their means. What comes out
is rounded to the instruments' grids.
"""
