"""The strategy of the recipe keeps the contract that its README says it keeps."""

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.ports.strategy import Strategy
from arbcore.testing.rehearsal import market
from arbcore.testing.strategy import StrategySuite
from tests.docs.snippets import ROOT

SOURCE = ROOT / "cookbook" / "own-strategy" / "acme-zscore" / "src" / "acme_zscore" / "__init__.py"
MARKETS = [
    market("seoul", "BTC", InstrumentKind.SPOT, "KRW"),
    market("offshore", "BTC", InstrumentKind.PERPETUAL, "USDT"),
]


@pytest.fixture(scope="module")
def acme() -> Iterator[ModuleType]:
    """The recipe's module, loaded from its file."""
    spec = spec_from_file_location("acme_zscore", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def _built(acme: ModuleType, **more: object) -> Strategy:
    values = {"use": "zscore", "spot": "seoul", "perpetual": "offshore", "rate": "usdt_krw", "half_life": "20s"}
    settings = acme.ZScoreSettings.model_validate(values | {"min_samples": 30} | more)
    strategy: Strategy = acme.ZScore(settings, "mine", "USDT")
    return strategy


class TestZScore(StrategySuite):
    @pytest.fixture
    def build(self, acme: ModuleType) -> Callable[[], Strategy]:
        return lambda: _built(acme)

    @pytest.fixture
    def instruments(self) -> Sequence[Instrument]:
        return MARKETS

    @pytest.fixture
    def max_open(self) -> int:
        return 1


def test_it_names_what_it_does_not_find(acme: ModuleType) -> None:
    with pytest.raises(ConfigurationError, match=r"strategies\.mine: seoul has no spot market of ETH"):
        _built(acme, symbol="ETH").plan(MARKETS)


def test_the_first_samples_weigh_alike(acme: ModuleType) -> None:
    strategy = _built(acme, half_life="1h", sample="1s")
    (route,) = strategy.plan(MARKETS)
    for second, premium in enumerate((0.01, 0.02, 0.03)):
        edges = {"forward": 1.0 / (1.0 + premium) - 1.0, "backward": premium}
        strategy.on_signal(
            acme.Signal(route=route, time=second * acme.SECOND, legs=(), rate_fresh=True, **edges), trades=()
        )
    memory = acme.msgspec.json.decode(strategy.state(), type=acme.Memory)
    assert memory.mean == pytest.approx(0.02)
    assert memory.variance == pytest.approx(2 / 3 * 0.0001)
