"""The network, for exchange adapters: what to send as values, and the shells that send it.

Protocol layers import `request` and `protocol` only, which do no I/O. `http` and `stream` are the shells (extra
`arbcore[net]`); the libraries behind them are imported by one private file each.
"""
