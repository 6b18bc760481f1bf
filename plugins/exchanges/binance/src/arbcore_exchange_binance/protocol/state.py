"""What is common to all ways of keeping a book: what is shown, whether it is whole, and doubt. Pure."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from arbcore.model.reason import Reason
from arbcore.net.protocol import Heard
from arbcore_exchange_binance.protocol.frames import Message
from arbcore_exchange_binance.protocol.shown import Item, fault, invalid


class BookState(ABC):
    """The book of one symbol.

    Args:
        key: Key of the instrument.
    """

    touch_suffices: ClassVar[bool] = True
    """Whether the touch that a request answers can stand for the book before its stream has spoken."""

    def __init__(self, key: str) -> None:
        self.key: Final = key
        self.shown: Item | None = None
        """What was delivered last and still holds."""
        self.update_id = -1
        """Id of the last update that is in the book."""
        self.in_step = False
        """Whether its stream has delivered, or a request has shown that it had nothing to deliver."""
        self.doubted = False
        """Whether a request answered otherwise and the stream has not spoken since."""
        self._told = ""

    @property
    def whole(self) -> bool:
        """Whether the book can be relied on, also where it can't be shown because a side is empty."""
        return self.in_step and not self.doubted

    @property
    def comparable(self) -> Item | None:
        """What a request's answer may be compared with."""
        return self.shown

    @abstractmethod
    def take(self, message: Message, now: int) -> list[Heard] | None:
        """Take a frame of its stream; None where it is stale: it holds nothing that the book does not.

        Raises:
            ExchangeError: The frame contradicts itself.
        """

    def show(self, item: Item, now: int) -> list[Heard]:
        """Deliver a book, or once that it can't be shown."""
        self.in_step, self.doubted = True, False
        reason = fault(item)
        if not reason:
            self.shown, self._told = item, ""
            return [item]
        told = self._told
        self.shown, self._told = None, reason
        return [] if told == reason else [invalid(self.key, now, reason, item.ts)]

    def doubt(self, now: int) -> list[Heard]:
        """Take back what is shown, since a request answered otherwise. The stream's next frame shows it again."""
        self.shown, self.doubted, self._told = None, True, Reason.BOOK_UNCONFIRMED
        return [invalid(self.key, now, Reason.BOOK_UNCONFIRMED)]

    def forget(self, now: int, reason: str, ts: int) -> list[Heard]:
        """Fall out of step; tell it where the book was whole."""
        was_in_step = self.in_step
        self.shown, self.in_step, self.doubted, self._told = None, False, False, reason
        return [invalid(self.key, now, reason, ts)] if was_in_step else []
