"""Binance's ``exchangeInfo``: symbols with their filters (Binance API documentation, 2026-11)."""

from typing import Any, Final

from arbcore_exchange_simulator.binance.rows import Row, price, quantity
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.market.numbers import ATOMS

NEVER: Final = 4_133_404_800_000
"""Delivery date of a perpetual that is not being delisted, in ms."""

_ONBOARD: Final = 1_569_398_400_000
_ORDERS: Final = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
_SPOT_ORDERS: Final = ["LIMIT", "LIMIT_MAKER", "MARKET"]


def rate_limits(venue: str, weight: int) -> list[Row]:
    """Return the limits that a venue states."""
    first = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight}
    if venue == "usdm":
        return [
            first,
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ]
    return [
        first,
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
        {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
    ]


def _grids(market: Market, most: int) -> list[Row]:
    listing = market.listing
    tick, lot = price(market, listing.tick), quantity(market, listing.lot)
    highest = price(market, listing.tick * 45_297_640)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": highest, "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": quantity(market, most), "stepSize": lot},
        {"filterType": "MARKET_LOT_SIZE", "minQty": lot, "maxQty": quantity(market, most // 8), "stepSize": lot},
    ]


def usdm_symbol(market: Market, now: int) -> Row:
    """Return a perpetual; time in ns."""
    listing = market.listing
    gone = 0 < market.delisting <= now
    return {
        **_common(market),
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": market.delisting // 1_000_000 or NEVER,
        "onboardDate": _ONBOARD,
        "status": "SETTLING" if gone else "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "marginAsset": listing.quote,
        "pricePrecision": market.price_decimals + 1,
        "quantityPrecision": market.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": [
            *_grids(market, 1000 * 1000 * listing.lot),
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": str(listing.notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": _ORDERS,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD", "RPI"],
    }


def spot_symbol(market: Market, now: int) -> Row:
    """Return a spot market; time in ns."""
    gone = 0 < market.delisting <= now
    notional: dict[str, Any] = {"minNotional": f"{market.listing.notional}.00000000", "applyMinToMarket": True}
    return {
        **_common(market),
        "status": "BREAK" if gone else "TRADING",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _SPOT_ORDERS,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            *_grids(market, 9000 * ATOMS),
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.2",
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                **notional,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
    }


def _common(market: Market) -> Row:
    listing = market.listing
    return {"symbol": listing.symbol, "baseAsset": listing.base, "quoteAsset": listing.quote}
