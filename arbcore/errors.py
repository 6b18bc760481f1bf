"""The errors that a caller may tell apart.

ArbcoreError
├── ConfigurationError      the config is wrong (exit 3)
├── PluginError             a plugin is missing, broken or not what it should be (exit 3)
│   ├── PluginNotFound
│   ├── PluginDuplicate
│   ├── PluginBroken
│   ├── PluginIncompatible
│   └── PluginRefused
├── DataError               a data set is missing or wrong
├── ExchangeError           a venue did not do what was asked
│   ├── ExchangeRefused     it said no
│   ├── RateLimited         it asked to wait
│   ├── ExchangeUnavailable it could not be reached; nothing was sent
│   └── OutcomeUnknown      something was sent and no answer settles it
├── JournalError            the journal can't be written or read
│   └── ForeignJournal      it belongs to another session, mode or environment (exit 6)
└── SafetyError             refused because it could cost money (exit 6)
"""


class ArbcoreError(Exception):
    """Base of all errors that arbcore raises on purpose.

    Args:
        what: What happened, and where.
        fix: What to do about it; appended to the message.
    """

    exit_code = 1

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what}\n  fix: {fix}" if fix else what)
        self.what = what
        self.fix = fix


class ConfigurationError(ArbcoreError):
    """The configuration is wrong."""

    exit_code = 3


class PluginError(ArbcoreError):
    """A plugin can't be used."""

    exit_code = 3


class PluginNotFound(PluginError):
    """No installed distribution offers the plugin."""


class PluginDuplicate(PluginError):
    """Two distributions offer the same name."""


class PluginBroken(PluginError):
    """A plugin failed to import or its factory raised; the original error is chained."""


class PluginIncompatible(PluginError):
    """A plugin is of the wrong kind or shape, lacks a hook, or speaks another API version."""


class PluginRefused(PluginError):
    """A plugin is installed and not allowed by `plugins.allow`."""


class DataError(ArbcoreError):
    """A data set is missing, damaged or not what its description says."""


class ExchangeError(ArbcoreError):
    """A venue did not do what was asked."""


class ExchangeRefused(ExchangeError):
    """The venue refused; nothing happened there.

    Args:
        what: What happened, and where.
        fix: What to do about it.
        reason: Reason code, a member of `arbcore.model.reason.Reason`; empty where nobody needs one.
        code: The venue's own code or name of the error, empty where it gave none.
    """

    def __init__(self, what: str, fix: str = "", reason: str = "", code: str = "") -> None:
        super().__init__(what, fix)
        self.reason = reason
        self.code = code


class RateLimited(ExchangeError):
    """The venue asked to wait.

    Args:
        what: What happened, and where.
        fix: What to do about it.
        retry_after_ns: Time to wait, 0 where the venue gave none.
    """

    def __init__(self, what: str, fix: str = "", retry_after_ns: int = 0) -> None:
        super().__init__(what, fix)
        self.retry_after_ns = retry_after_ns


class ExchangeUnavailable(ExchangeError):
    """The venue could not be reached; the request was not sent."""


class OutcomeUnknown(ExchangeError):
    """A request was sent and no answer settles what became of it: look it up, never send it again."""


class JournalError(ArbcoreError):
    """The journal can't be written, read or verified."""


class ForeignJournal(JournalError):
    """The journal belongs to another session, mode or environment: what it says is not true of this one's accounts."""

    exit_code = 6


class SafetyError(ArbcoreError):
    """Refused because it could cost money."""

    exit_code = 6
