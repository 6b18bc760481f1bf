"""A real venue and a treasury in a test's hands: each call waits for the test's answer, or has a scripted one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

import anyio

from arbcore.model.account import AccountFacts, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.order import Amendment, OrderRef, OrderReport, OrderRequest
from arbcore.model.treasury import Movement, TransferRequest, WalletStatus, WithdrawalRequest
from arbcore.ports.trading import OrderNews, TakeItem, VenueItem


class Call:
    """One call that waits for its answer."""

    def __init__(self, name: str, asked: Any) -> None:
        self.name = name
        self.asked = asked
        self._done = anyio.Event()
        self._answer: Any = None

    def answer(self, answer: Any = None) -> None:
        """Let it return, or raise where the answer is an error."""
        self._answer = answer
        self._done.set()

    async def wait(self) -> Any:
        """Wait for the answer."""
        await self._done.wait()
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


@dataclass
class Script:
    """Answers given in advance by the name of a call, and all calls in order of arrival."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    async def ask(self, name: str, asked: Any = None) -> Any:
        """Note a call and wait for its answer."""
        call = Call(name, asked)
        self.calls.append(call)
        if name in self.answers:
            call.answer(self.answers[name])
        return await call.wait()

    def names(self) -> list[str]:
        """Return the names of all calls."""
        return [call.name for call in self.calls]


class VenueDouble:
    """A `arbcore.ports.trading.LeveragedVenue` that does what its script says."""

    def __init__(self, name: str = "sim") -> None:
        empty = AccountSnapshot(venue=name, balances=(), positions=(), ts=1, recv_ts=1)
        self.script = Script({"snapshot": empty, "open_orders": [], "history": [], "funding": []})
        self.tell: TakeItem | None = None
        self.running = anyio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def run(self, instruments: Sequence[str], report: TakeItem) -> None:
        """Hand the test what takes reports."""
        self.tell = report
        self.running.set()
        await anyio.sleep_forever()

    def report(self, item: VenueItem) -> None:
        """Report something by the stream."""
        assert self.tell is not None
        self.tell(item)

    async def submit(self, order: OrderRequest) -> OrderReport:
        return await self.script.ask("submit", order)  # type: ignore[no-any-return]  # as the script says

    async def cancel(self, order: OrderRef) -> None:
        await self.script.ask("cancel", order)

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        return await self.script.ask("amend", order)  # type: ignore[no-any-return]  # as the script says

    async def cancel_all(self, instrument: str) -> None:
        await self.script.ask("cancel_all", instrument)

    async def look_up(self, order: OrderRef) -> Sequence[OrderNews]:
        return await self.script.ask("look_up", order)  # type: ignore[no-any-return]  # as the script says

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        return await self.script.ask("open_orders", instrument)  # type: ignore[no-any-return]  # as the script says

    async def history(self, instrument: str, since: int) -> Sequence[OrderNews]:
        return await self.script.ask("history", (instrument, since))  # type: ignore[no-any-return]  # as above

    async def snapshot(self) -> AccountSnapshot:
        return await self.script.ask("snapshot")  # type: ignore[no-any-return]  # as the script says

    async def terms(self, instrument: str) -> TradingTerms:
        return TradingTerms(instrument=instrument, maker=Decimal(0), taker=Decimal(0), min_notional=Decimal(0))

    async def facts(self) -> AccountFacts:
        return AccountFacts(can_trade=True, hedge_mode=False)

    async def set_leverage(self, instrument: str, leverage: int) -> None:
        await self.script.ask("set_leverage", (instrument, leverage))

    async def set_margin_mode(self, instrument: str, mode: object) -> None:
        await self.script.ask("set_margin_mode", mode)

    async def set_hedge_mode(self, *, on: bool) -> None:
        await self.script.ask("set_hedge_mode", on)

    async def set_multi_assets(self, *, on: bool) -> None:
        await self.script.ask("set_multi_assets", on)

    async def funding(self, instrument: str, since: int) -> Sequence[FundingPayment]:
        return await self.script.ask("funding", (instrument, since))  # type: ignore[no-any-return]  # as above

    async def cancel_all_after(self, instrument: str, after_ns: int) -> None:
        await self.script.ask("cancel_all_after", (instrument, after_ns))


class TreasuryDouble:
    """A `arbcore.ports.treasury.Treasury` that does what its script says."""

    def __init__(self) -> None:
        self.script = Script({"transfers": [], "withdrawals": [], "deposits": []})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def wallets(self, currency: str = "") -> Sequence[WalletStatus]:
        return []

    async def deposits(self, since: int) -> Sequence[Movement]:
        return await self.script.ask("deposits", since)  # type: ignore[no-any-return]  # as the script says

    async def withdrawals(self, since: int) -> Sequence[Movement]:
        return await self.script.ask("withdrawals", since)  # type: ignore[no-any-return]  # as the script says

    async def transfers(self, since: int) -> Sequence[Movement]:
        return await self.script.ask("transfers", since)  # type: ignore[no-any-return]  # as the script says

    async def withdraw(self, request: WithdrawalRequest) -> Movement:
        return await self.script.ask("withdraw", request)  # type: ignore[no-any-return]  # as the script says

    async def transfer(self, request: TransferRequest) -> Movement:
        return await self.script.ask("transfer", request)  # type: ignore[no-any-return]  # as the script says
