"""The engine: pure. It takes one input at a time and returns events to store and effects to perform."""
