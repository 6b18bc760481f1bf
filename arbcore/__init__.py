"""arbcore: a framework for crypto arbitrage in which every named thing is a plugin."""
