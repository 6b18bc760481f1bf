"""Upbit's private protocol as pure functions and objects: no I/O, no clock."""
