"""Ports: the protocols that plugins implement. The kernel depends on these and on no implementation."""
