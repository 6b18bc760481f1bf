"""Upbit's wire protocol."""
