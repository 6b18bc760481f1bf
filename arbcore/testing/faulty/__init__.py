"""A faulty exchange: a venue in virtual time, seen through the gateway, that fails in every way that real ones do."""
