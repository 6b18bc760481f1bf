"""Positions and lots: what is held, at which cost, and to which trade it belongs."""

from decimal import Decimal

from msgspec import Struct

from arbcore.model.money import subtract


class Lot(Struct, frozen=True, kw_only=True):
    """A quantity that one fill opened and that nothing has closed yet.

    Attributes:
        trade: Id of the trade that owns it.
        instrument: Key of the instrument.
        quantity: Signed quantity in order units, negative when short.
        price: Fill price in the quote currency.
        touch: Price of the touch at the decision.
        rate: Units of base currency for one unit of the quote currency at the fill.
    """

    trade: str
    instrument: str
    quantity: Decimal
    price: Decimal
    touch: Decimal
    rate: Decimal


class Position(Struct, frozen=True, kw_only=True):
    """Net position of an instrument: the sum of the trades' virtual positions.

    Attributes:
        instrument: Key of the instrument.
        quantity: Signed quantity in order units.
        unrealised: Value change of the open lots in the base currency, at the touch that would close them.
    """

    instrument: str
    quantity: Decimal
    unrealised: Decimal


class PositionReport(Struct, frozen=True, kw_only=True):
    """A net position as a venue states it.

    Attributes:
        instrument: Key of the instrument.
        quantity: Signed quantity in order units, negative when short.
        entry_value: Exact signed sum of quantity, contract size and entry price of the open lots, in the quote
            currency; negative when short.
    """

    instrument: str
    quantity: Decimal
    entry_value: Decimal


class Balance(Struct, frozen=True, kw_only=True):
    """Cash or coins on a venue.

    Attributes:
        venue: Exchange instance id.
        currency: Currency code.
        total: Amount owned.
        locked: Part reserved by open orders or as margin.
    """

    venue: str
    currency: str
    total: Decimal
    locked: Decimal = Decimal(0)

    @property
    def free(self) -> Decimal:
        """Amount that an order may use."""
        return subtract(self.total, self.locked)
