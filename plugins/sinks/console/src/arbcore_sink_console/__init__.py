"""Events on the terminal for arbcore."""
