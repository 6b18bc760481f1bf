"""Parameters from text, and those of no market."""

import pytest

from arbcore.data.generate.parameters import MarketParameters
from arbcore.data.instant import SECOND_NS
from arbcore.errors import DataError


def test_texts_are_durations_times_and_numbers() -> None:
    texts = {
        "spacing": "250ms",
        "start": "2025-07-01T09:00:00+09:00",
        "premium_sd_bps": "12.5",
        "premium_mean_bps": "-3",
        "prices.BTC": "60000",
        "rates.usdt_krw": "1400",
        "gap_every": "0s",
    }
    given = MarketParameters.from_texts(texts)
    assert given.spacing_ns == SECOND_NS // 4
    assert given.start_ns == 1_751_328_000 * SECOND_NS
    assert (given.premium_sd_bps, given.premium_mean_bps) == (12.5, -3.0)
    assert (given.prices, given.rates, given.gap_every_ns) == ({"BTC": 60_000.0}, {"usdt_krw": 1_400.0}, 0)
    assert MarketParameters.from_texts({}) == MarketParameters()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("premium", "1", "there is no parameter 'premium'"),
        ("spacing_ns", "1", "there is no parameter 'spacing_ns'"),
        ("prices", "1", "there is no parameter 'prices'"),
        ("spacing", "fast", "spacing: 'fast' is not a duration"),
        ("spacing", "0s", "spacing_ns can't be 0"),
        ("volatility", "high", "volatility: 'high' is not a number"),
        ("volatility", "-1", "volatility can't be -1"),
        ("volatility", "nan", "volatility can't be nan"),
        ("premium_mean_bps", "inf", "premium_mean_bps can't be inf"),
        ("notional", "0", "notional can't be 0"),
        ("prices.BTC", "0", r"prices\.BTC can't be 0"),
        ("start", "2025-07-01", "'2025-07-01' is not a time with its zone"),
        ("start", "soon", "'soon' is not a time"),
    ],
)
def test_what_is_no_parameter_is_named(name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MarketParameters.from_texts({name: text})
