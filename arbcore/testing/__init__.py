"""What plugin authors test with: a conformance suite per kind, and doubles that behave like the real thing."""
