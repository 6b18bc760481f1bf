from decimal import Decimal

import msgspec
import pytest

from arbcore.errors import DataError
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, PriceBand
from arbcore_exchange_binance.exchange_info import parse_exchange_info, split_base

FEES = FeeSchedule(Decimal("0.0002"), Decimal("0.0005"))

# The shape and values of the API documentation's sample, with one symbol of each kind that must be left out.
BTCUSDT: dict[str, object] = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "triggerProtect": "0.0500",
    "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
    ],
}
ETHUSDT_SPOT: dict[str, object] = {
    "symbol": "ETHUSDT",
    "status": "TRADING",
    "baseAsset": "ETH",
    "quoteAsset": "USDT",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.0", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00010000", "maxQty": "9000.00000000", "stepSize": "0.00010000"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "2000.5", "stepSize": "0.00000000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "avgPriceMins": 5},
    ],
}


def parse(*symbols: dict[str, object], product: str = "usdm") -> list[Instrument]:
    payload = msgspec.json.encode({"timezone": "UTC", "rateLimits": [], "symbols": symbols})
    return parse_exchange_info(payload, venue="binance", product=product, fees=FEES)


def test_futures() -> None:
    (one,) = parse(BTCUSDT)
    assert (one.key, one.kind) == ("binance:BTCUSDT", InstrumentKind.PERPETUAL)
    assert (one.base, one.quote, one.settlement, one.multiplier) == ("BTC", "USDT", "USDT", Decimal(1))
    assert one.ticks.tick_at(1.0) == Decimal("0.1")
    assert (one.lot, one.min_quantity, one.max_quantity) == (Decimal("0.001"), Decimal("0.001"), Decimal(120))
    assert one.min_notional == 100
    assert one.price_band == PriceBand(highest_bid=Decimal("1.05"), lowest_ask=Decimal("0.95"))
    assert one.fees == FEES


def test_spot() -> None:
    (one,) = parse(ETHUSDT_SPOT, product="spot")
    assert one.kind is InstrumentKind.SPOT
    assert one.ticks.tick_at(1.0) == Decimal("0.01")
    # A market lot of zero is no lot.
    assert (one.lot, one.min_quantity, one.max_quantity) == (Decimal("0.0001"), Decimal("0.0001"), Decimal("2000.5"))
    assert (one.min_notional, one.settlement) == (Decimal(5), "USDT")


def test_older_spot_filter() -> None:
    filters = [*_without(ETHUSDT_SPOT, "NOTIONAL"), {"filterType": "MIN_NOTIONAL", "minNotional": "10.0"}]
    assert parse(ETHUSDT_SPOT | {"filters": filters}, product="spot")[0].min_notional == 10


def test_no_minimum_value() -> None:
    assert parse(BTCUSDT | {"filters": _without(BTCUSDT, "MIN_NOTIONAL")})[0].min_notional == 0


def test_the_coarser_market_lot_counts() -> None:
    coarse = {"filterType": "MARKET_LOT_SIZE", "minQty": "0.01", "maxQty": "120", "stepSize": "0.01"}
    (one,) = parse(BTCUSDT | {"filters": [*_without(BTCUSDT, "MARKET_LOT_SIZE"), coarse]})
    assert (one.lot, one.min_quantity) == (Decimal("0.01"), Decimal("0.01"))


@pytest.mark.parametrize(
    "change",
    [{"status": "SETTLING"}, {"contractType": "CURRENT_QUARTER"}, {"contractType": "TRADIFI_PERPETUAL"}],
)
def test_what_does_not_trade_here_is_left_out(change: dict[str, object]) -> None:
    assert [one.symbol for one in parse(BTCUSDT | change, BTCUSDT)] == ["BTCUSDT"]


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        ("1000SHIB", ("SHIB", 1000)),
        ("1000000MOG", ("MOG", 1_000_000)),
        ("1MBABYDOGE", ("BABYDOGE", 1_000_000)),
        ("1INCH", ("1INCH", 1)),
        ("BTC", ("BTC", 1)),
        ("1000", ("1000", 1)),
    ],
)
def test_multipliers(asset: str, expected: tuple[str, int]) -> None:
    assert split_base(asset) == expected


def test_a_multiplied_perpetual() -> None:
    (one,) = parse(BTCUSDT | {"symbol": "1000SHIBUSDT", "baseAsset": "1000SHIB"})
    assert (one.symbol, one.base, one.multiplier, one.unit) == ("1000SHIBUSDT", "SHIB", Decimal(1000), Decimal(1000))


@pytest.mark.parametrize(("missing", "field"), [("PRICE_FILTER", "tickSize"), ("LOT_SIZE", "stepSize")])
def test_a_symbol_without_a_grid_is_named(missing: str, field: str) -> None:
    with pytest.raises(DataError, match=rf"BTCUSDT states no positive {missing}.{field}"):
        parse(BTCUSDT | {"filters": _without(BTCUSDT, missing)})


def test_a_tick_of_zero_is_no_grid() -> None:
    zero = {"filterType": "PRICE_FILTER", "tickSize": "0.0"}
    with pytest.raises(DataError, match=r"PRICE_FILTER\.tickSize"):
        parse(BTCUSDT | {"filters": [*_without(BTCUSDT, "PRICE_FILTER"), zero]})


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"code":-1121,"msg":"Invalid symbol."}', b'{"symbols":[1]}'])
def test_another_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(DataError, match="Binance exchangeInfo"):
        parse_exchange_info(payload, venue="binance", product="usdm", fees=FEES)


def _without(symbol: dict[str, object], name: str) -> list[object]:
    filters = symbol["filters"]
    assert isinstance(filters, list)
    return [one for one in filters if one["filterType"] != name]
