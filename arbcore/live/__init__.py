"""Live sessions: what must be said, known and held before real orders leave, and what fences a session that stalls.

Nothing is imported here: the watchdog's process loads this package and the standard library, and nothing else.
"""
