"""Accounts and orders in a simulated market: what is the same on every venue.

An `Order` belongs to an `Account`; a venue's `Matching` lets it trade against the public book and against other orders,
its `Ledger` does the venue's arithmetic with the account's `Cash`, and every change is told to `Watcher`s. Prices and
quantities are whole hundred-millionths (atoms), as in the markets; money is exact `Decimal`.
"""
