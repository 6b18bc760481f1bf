"""Simulated exchanges on loopback: the wire protocols of Upbit and Binance, with made or replayed markets and faults.

In a test or a program of your own:

    async with Simulator(SimulatorSettings(symbols=("BTC",))) as simulator:
        print(simulator.address)

On the command line: ``arb simulator``.
"""

from arbcore_exchange_simulator.faults.fault import Fault
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.settings import Premium, Rules, SimulatorSettings
from arbcore_exchange_simulator.simulator import Simulator

__all__ = ["Fault", "FaultPlan", "Premium", "Rules", "Simulator", "SimulatorSettings"]
