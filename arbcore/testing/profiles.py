"""The conformance suite of import profiles: the formats of recordings that an exchange plugin knows."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from arbcore.data._frames import Columns
from arbcore.data.imports.mapping import check_profile
from arbcore.data.imports.rows import RowChecks
from arbcore.data.imports.run import columns_of
from arbcore.model.instrument import Instrument
from arbcore.ports.control import ImportProfile
from arbcore.testing._suite import Suite

Known = Callable[[ImportProfile], Sequence[Instrument]]


class ImportProfileSuite(Suite):
    """Standard tests of `import_profiles`. Authors give two fixtures.

    They find what would only show when somebody's files are read: a column that the kind lacks, a market that the
    plugin itself does not know.
    """

    @pytest.fixture
    def profiles(self) -> Sequence[ImportProfile]:
        """The plugin's profiles."""
        raise AssertionError("give the fixture `profiles`: what the plugin's hook returns")

    @pytest.fixture
    def known(self) -> Known:
        """The plugin's reference instruments for the exchange, settings and base coin of a profile."""
        raise AssertionError("give the fixture `known`: the instruments that a profile's settings lead to")

    def test_names_are_unique(self, profiles: Sequence[ImportProfile]) -> None:
        """There is one at least, and each has a name of its own."""
        names = [profile.name for profile in profiles]
        assert names
        assert len(set(names)) == len(names)

    def test_each_makes_its_kind(self, profiles: Sequence[ImportProfile]) -> None:
        """Each maps what its kind needs, says what it is, and finds its files by itself."""
        for profile in profiles:
            check_profile(profile)
            assert profile.description, profile.name
            assert profile.files, profile.name

    def test_rates_belong_to_no_market(self, profiles: Sequence[ImportProfile]) -> None:
        """A conversion rate has a name, a market has a venue and a symbol, and no profile has both."""
        for profile in profiles:
            assert bool(profile.rate) == (profile.kind == "fx"), profile.name
            assert bool(profile.rate) != bool(profile.venue and profile.symbol), profile.name

    def test_each_market_is_known(self, profiles: Sequence[ImportProfile], known: Known) -> None:
        """A profile that names an exchange names a market of it: the instrument that is written beside the rows."""
        for profile in profiles:
            if profile.exchange:
                assert [one.key for one in known(profile)] == [f"{profile.venue}:{profile.symbol}"], profile.name


def read_profile(profile: ImportProfile, folder: Path, text: str) -> Columns:
    """Read a small source with a profile, checked as in an import.

    Args:
        profile: The profile.
        folder: Where the source may be written.
        text: The source's text, of up to some thousand rows.

    Returns:
        Array by column name.

    Raises:
        DataError: The text is not what the profile describes.
    """
    path = folder / "source"
    path.write_text(text, "utf-8")
    (columns,) = columns_of(profile, [path], RowChecks(profile))
    return columns
