"""What the futures tell of an account: wallets, positions, margin, fees and income.

Source: Binance developer documentation, 2026-11.
"""

from decimal import Decimal
from typing import Any, Final

from arbcore_exchange_simulator.binance.desk import Call, Desk, Endpoint
from arbcore_exchange_simulator.binance.numbers import ZERO, fixed, told
from arbcore_exchange_simulator.binance.refusals import invalid
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.usdm.brackets import brackets_of, most
from arbcore_exchange_simulator.binance.usdm.holding import MARGIN, Holding
from arbcore_exchange_simulator.binance.usdm.ledger import FuturesLedger
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.positions import Position
from arbcore_exchange_simulator.binance.usdm.risk import liquidation_price

_ASSETS: Final = (MARGIN, "BNB", "USDC")
_KINDS: Final = frozenset(
    {
        "TRANSFER",
        "WELCOME_BONUS",
        "REALIZED_PNL",
        "FUNDING_FEE",
        "COMMISSION",
        "INSURANCE_CLEAR",
        "DELIVERED_SETTELMENT",
    }
)


class UsdmAccount:
    """Replies to requests about an account."""

    def __init__(self, orders: UsdmOrders, ledger: FuturesLedger, desk: Desk) -> None:
        self._orders = orders
        self._ledger = ledger
        self._desk = desk

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path."""
        found = {
            "v3/account": Endpoint(self.account, 5),
            "v2/account": Endpoint(self.account_v2, 5),
            "v3/balance": Endpoint(self.balance, 5),
            "v2/balance": Endpoint(self.balance, 5),
            "v3/positionRisk": Endpoint(self.positions, 5),
            "v2/positionRisk": Endpoint(self.positions_v2, 5),
            "v1/symbolConfig": Endpoint(self.symbol_config, 5),
            "v1/accountConfig": Endpoint(self.config, 5),
            "v1/leverageBracket": Endpoint(self.brackets),
            "v1/commissionRate": Endpoint(self.fees, 20),
            "v1/income": Endpoint(self.income, 30),
            "v1/adlQuantile": Endpoint(self.queue, 5),
            "v1/rateLimit/order": Endpoint(self.counts),
        }
        return {("GET", f"fapi/{path}"): one for path, one in found.items()}

    def _holding(self, call: Call) -> Holding:
        return self._ledger.of(call.account)

    def _symbols(self, call: Call) -> list[str]:
        """Return the symbol that is asked for, or all."""
        return (
            [self._orders.market(call.asked).listing.symbol] if "symbol" in call.asked else list(self._orders.markets)
        )

    def balance(self, call: Call) -> list[Row]:
        """Return the wallets."""
        holding = self._holding(call)
        return [_wallet(holding, asset, call.now) for asset in _assets(holding)]

    def account(self, call: Call) -> Row:
        """Return the account, with those positions that are held or have open orders."""
        holding = self._holding(call)
        shown = [one for symbol in holding.symbols() for one in _shown(holding, symbol)]
        positions = [_held(holding, one) for one in shown]
        return {**_totals(holding), "assets": [_asset(holding, one, call.now) for one in _assets(holding)],
                "positions": positions}  # fmt: skip

    def account_v2(self, call: Call) -> Row:
        """Return the account as it was told before: with all symbols, settings and permissions."""
        holding = self._holding(call)
        flags = {"feeTier": 0, "feeBurn": holding.burn, "canTrade": True, "canDeposit": True, "canWithdraw": True}
        head = {**flags, "updateTime": 0, "multiAssetsMargin": holding.multi, "tradeGroupId": -1}
        every = [one for symbol in self._orders.markets for one in _shown(holding, symbol)]
        positions = [
            {**_held(holding, one), "leverage": str(holding.leverage(one.symbol)),
             "isolated": one.symbol in holding.isolated, "entryPrice": told(one.entry),
             "breakEvenPrice": told(one.break_even), "unrealizedProfit": told(holding.unrealised(one)),
             "maxNotional": str(int(most(one.symbol, holding.leverage(one.symbol))))}
            for one in every
        ]  # fmt: skip
        assets = [_asset(holding, one, call.now) for one in _assets(holding)]
        return {**head, **_totals(holding), "assets": assets, "positions": positions}

    def positions(self, call: Call) -> list[Row]:
        """Return positions: those that are held or have open orders."""
        holding, asked = self._holding(call), self._symbols(call)
        symbols = [one for one in holding.symbols() if one in asked]
        return [_risk(holding, one) for symbol in symbols for one in _shown(holding, symbol)]

    def positions_v2(self, call: Call) -> list[Row]:
        """Return the positions of all symbols, with leverage and margin type."""
        holding = self._holding(call)
        return [
            {**_risk(holding, one), "leverage": str(holding.leverage(symbol)),
             "marginType": "isolated" if symbol in holding.isolated else "cross", "isAutoAddMargin": "false",
             "maxNotionalValue": str(int(most(symbol, holding.leverage(symbol))))}
            for symbol in self._symbols(call)
            for one in _shown(holding, symbol)
        ]  # fmt: skip

    def symbol_config(self, call: Call) -> list[Row]:
        """Return leverage and margin type by symbol."""
        holding = self._holding(call)
        return [
            {"symbol": symbol, "marginType": "ISOLATED" if symbol in holding.isolated else "CROSSED",
             "isAutoAddMargin": False, "leverage": holding.leverage(symbol),
             "maxNotionalValue": str(int(most(symbol, holding.leverage(symbol))))}
            for symbol in self._symbols(call)
        ]  # fmt: skip

    def config(self, call: Call) -> Row:
        """Return the account's settings."""
        holding = self._holding(call)
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": holding.hedge,
            "updateTime": 0,
            "multiAssetsMargin": holding.multi,
            "tradeGroupId": -1,
        }

    def brackets(self, call: Call) -> Any:
        """Return brackets of leverage."""
        return [
            {
                "symbol": symbol,
                "notionalCoef": 1.0,
                "brackets": [
                    {
                        "bracket": one.number,
                        "initialLeverage": one.leverage,
                        "notionalCap": int(one.cap),
                        "notionalFloor": int(one.floor),
                        "maintMarginRatio": float(one.ratio),
                        "cum": float(one.sum),
                    }
                    for one in brackets_of(symbol)
                ],
            }
            for symbol in self._symbols(call)
        ]

    def fees(self, call: Call) -> Row:
        """Return the fees of a symbol."""
        symbol = self._orders.market(call.asked).listing.symbol
        maker, taker = self._ledger.rates(call.account)
        return {"symbol": symbol, "makerCommissionRate": f"{maker:f}", "takerCommissionRate": f"{taker:f}",
                "rpiCommissionRate": "0.00005"}  # fmt: skip

    def income(self, call: Call) -> list[Row]:
        """Return what changed the wallets, the oldest first; the last week where no time is asked for."""
        asked = call.asked
        kind, symbol = asked.maybe("incomeType"), asked.maybe("symbol")
        if kind and kind not in _KINDS:
            raise invalid("incomeType")
        start = asked.whole("startTime", call.now // 1_000_000 - 7 * 86_400_000)
        end = asked.whole("endTime", 10**15)
        found = [
            {"symbol": one.symbol, "incomeType": one.kind, "income": fixed(one.amount), "asset": one.asset,
             "info": one.info or one.kind, "time": one.time // 1_000_000, "tranId": one.number,
             "tradeId": str(one.trade or "")}
            for one in self._holding(call).income
            if kind in {"", one.kind} and symbol in {"", one.symbol} and start <= one.time // 1_000_000 <= end
        ]  # fmt: skip
        limit = min(max(asked.whole("limit", 100), 1), 1000)
        page = asked.whole("page", 0)
        if page:
            return found[(page - 1) * limit : page * limit]
        return found[:limit] if "startTime" in asked else found[-limit:]

    def queue(self, call: Call) -> Any:
        """Return how near positions are to deleveraging: by profit and leverage, 0 to 4."""
        holding, asked = self._holding(call), self._symbols(call)
        held = [symbol for symbol in asked if holding.open_positions(symbol)]
        found = [
            {"symbol": symbol, "adlQuantile": {one.side: _quantile(holding, one) for one in _shown(holding, symbol)}}
            for symbol in held
        ]
        return found[0] if "symbol" in call.asked and found else found

    def counts(self, call: Call) -> list[Row]:
        """Return the counters of orders."""
        return [dict(row) for row in self._desk.counts(call.account).rows(call.now)]


def _assets(holding: Holding) -> list[str]:
    return list(dict.fromkeys((*_ASSETS, *holding.account.cash)))


def _shown(holding: Holding, symbol: str) -> list[Position]:
    sides = ("LONG", "SHORT") if holding.hedge else ("BOTH",)
    return [holding.position(symbol, side) for side in sides]


def _free(holding: Holding, asset: str) -> Decimal:
    return max(holding.free_margin if asset == MARGIN else holding.wallet(asset), ZERO)


def _wallet(holding: Holding, asset: str, now: int) -> Row:
    cross = holding.cross_wallet if asset == MARGIN else holding.wallet(asset)
    free = fixed(_free(holding, asset))
    return {
        "accountAlias": "simR",
        "asset": asset,
        "balance": fixed(holding.wallet(asset)),
        "crossWalletBalance": fixed(cross),
        "crossUnPnl": fixed(holding.cross_unrealised if asset == MARGIN else ZERO),
        "availableBalance": free,
        "maxWithdrawAmount": fixed(holding.withdrawable(asset)),
        "marginAvailable": True,
        "updateTime": now // 1_000_000,
    }


def _margins(holding: Holding) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Return unrealised profit, maintenance margin, and initial margin of positions and of orders."""
    held = holding.open_positions()
    profit = sum((holding.unrealised(one) for one in held), ZERO)
    kept = sum((holding.maintenance(one) for one in held), ZERO)
    initial = [holding.initial(symbol) for symbol in holding.symbols()]
    return profit, kept, sum((one for one, _ in initial), ZERO), sum((one for _, one in initial), ZERO)


def _totals(holding: Holding) -> Row:
    profit, kept, positions, orders = _margins(holding)
    wallet = holding.wallet()
    return {
        "totalInitialMargin": fixed(positions + orders),
        "totalMaintMargin": fixed(kept),
        "totalWalletBalance": fixed(wallet),
        "totalUnrealizedProfit": fixed(profit),
        "totalMarginBalance": fixed(wallet + profit),
        "totalPositionInitialMargin": fixed(positions),
        "totalOpenOrderInitialMargin": fixed(orders),
        "totalCrossWalletBalance": fixed(holding.cross_wallet),
        "totalCrossUnPnl": fixed(holding.cross_unrealised),
        "availableBalance": fixed(_free(holding, MARGIN)),
        "maxWithdrawAmount": fixed(holding.withdrawable(MARGIN)),
    }


def _asset(holding: Holding, asset: str, now: int) -> Row:
    known = _wallet(holding, asset, now)
    zero = (ZERO, ZERO, ZERO, ZERO)
    profit, kept, positions, orders = _margins(holding) if asset == MARGIN else zero
    return {
        "asset": asset,
        "walletBalance": known["balance"],
        "unrealizedProfit": fixed(profit),
        "marginBalance": fixed(holding.wallet(asset) + profit),
        "maintMargin": fixed(kept),
        "initialMargin": fixed(positions + orders),
        "positionInitialMargin": fixed(positions),
        "openOrderInitialMargin": fixed(orders),
        **{name: known[name] for name in ("crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount",
                                          "marginAvailable", "updateTime")},
    }  # fmt: skip


def _held(holding: Holding, one: Position) -> Row:
    """Return a position as the account lists it."""
    positions, orders = holding.initial(one.symbol)
    profit = holding.unrealised(one)
    isolated = one.isolated if one.symbol in holding.isolated else ZERO
    return {
        "symbol": one.symbol,
        "positionSide": one.side,
        "positionAmt": _amount(holding, one),
        "unrealizedProfit": told(profit),
        "isolatedMargin": told(isolated + profit if isolated else ZERO),
        "notional": told(holding.notional(one)),
        "isolatedWallet": told(isolated),
        "initialMargin": told(positions + orders),
        "maintMargin": told(holding.maintenance(one)),
        "positionInitialMargin": told(positions),
        "openOrderInitialMargin": told(orders),
        "updateTime": one.updated // 1_000_000,
    }


def _amount(holding: Holding, one: Position) -> str:
    return f"{one.size:.{holding.decimals(one.symbol)}f}"


def _risk(holding: Holding, one: Position) -> Row:
    """Return a position as ``positionRisk`` lists it."""
    row = _held(holding, one)
    bids, asks = holding.resting(one.symbol)
    row["unRealizedProfit"] = row.pop("unrealizedProfit")
    return {
        **row,
        "entryPrice": told(one.entry),
        "breakEvenPrice": told(one.break_even),
        "markPrice": told(holding.marks[one.symbol]),
        "liquidationPrice": told(liquidation_price(holding, one)),
        "marginAsset": MARGIN,
        "adl": _quantile(holding, one),
        "bidNotional": told(bids),
        "askNotional": told(asks),
    }


def _quantile(holding: Holding, one: Position) -> int:
    if not one.quantity:
        return 0
    share = holding.unrealised(one) / abs(one.cost) * holding.leverage(one.symbol)
    return min(max(int(share * 20) + 1, 0), 4)
