"""Events as JSON lines for arbcore."""
