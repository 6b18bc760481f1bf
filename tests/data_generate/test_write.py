"""Generated markets as data sets: hashed, kept apart from recordings, whole or not at all."""

from pathlib import Path
from typing import Any

import pytest

from arbcore.data.dataset import DatasetInfo, find_datasets, read_info
from arbcore.data.generate.parameters import MarketParameters
from arbcore.data.generate.write import write_market
from arbcore.data.source import BarRule, open_source
from arbcore.data.verify import verify
from arbcore.data.writer import DatasetWriter
from arbcore.errors import DataError
from arbcore.model.market import Quote
from tests.data_generate.markets import PAIR, PERPETUAL, RATES, WON

# What seed 1 made of the pair when this was written: other hashes mean that results on generated data change.
GOLDEN = {
    "won:BTCKRW": "2d3df7f4db8f5034d503f358ee71bdde1718e6e82fd031a8a977a52df8f7b21c",
    "perp:BTCUSDT": "b6b61dbac467978b18a51dd1a89e1296c234bbc9c8e64d9ee4db015d2cb6f6f1",
    "rates:usdt_krw": "b5e970aa3b3a874c10c7dfa936d4e83b5a6ec2019116538e32bfe8e1e87b0274",
}


def make(
    root: Path, quotes: int = 20_000, seed: int = 1, replace: bool = False, **parameters: Any
) -> list[DatasetInfo]:
    given = MarketParameters(**parameters)
    return write_market(root, PAIR, RATES, given, quotes=quotes, seed=seed, replace=replace)


def test_seed_one_is_what_it_was(tmp_path: Path) -> None:
    assert {info.key: info.hash for info in make(tmp_path)} == GOLDEN


def test_the_data_sets_say_what_they_are(tmp_path: Path) -> None:
    won, perpetual, rate = make(tmp_path, premium_sd_bps=20.0)
    assert [info.key for info in (won, perpetual, rate)] == [WON.key, PERPETUAL.key, "rates:usdt_krw"]
    assert (won.instrument, perpetual.instrument, rate.instrument) == (WON, PERPETUAL, None)
    assert sum(info.kinds["quotes"].rows for info in (won, perpetual)) == 20_000
    assert sorted(perpetual.kinds) == ["funding", "quotes"]
    assert won.source == "generated: seed 1, premium_sd_bps=20.0"
    assert won.notes == ("generated data: nothing in it was observed",)
    assert read_info(tmp_path / "won" / "BTCKRW").hash == won.hash


def test_nothing_is_wrong_with_them(tmp_path: Path) -> None:
    make(tmp_path, gap_every_ns=0)
    assert {record.verdict for record in verify(tmp_path)} <= {"ok"}


def test_they_stream_as_market_data(tmp_path: Path) -> None:
    make(tmp_path)
    source = open_source(tmp_path, bars=BarRule())
    inputs = [item for chunk in source.chunks() for item in chunk]
    assert sum(isinstance(item, Quote) for item in inputs) == 20_000
    assert [item.recv_ts for item in inputs] == sorted(item.recv_ts for item in inputs)


def test_progress_counts_the_quotes(tmp_path: Path) -> None:
    counts: list[int] = []
    given = MarketParameters()
    write_market(tmp_path, PAIR, RATES, given, quotes=150_000, seed=1, progress=counts.append)
    assert sum(counts) == 150_000
    assert len(counts) > 1


def test_generated_data_is_replaced_and_recordings_are_not(tmp_path: Path) -> None:
    before = make(tmp_path, seed=1)
    after = make(tmp_path, seed=2)
    assert before[0].hash != after[0].hash
    with DatasetWriter(tmp_path, venue="rates", rate="usdt_krw", source="recorded") as writer:
        writer.append(
            "fx", {"ts": [1_736_121_600 * 10**9], "recv_ts": [1_736_121_600 * 10**9], "bid": [1.0], "ask": [1.0]}
        )
    with pytest.raises(DataError, match=r"already holds 1 fx rows from 'recorded'\n.*--replace"):
        make(tmp_path, seed=3)
    assert read_info(tmp_path / "won" / "BTCKRW").hash == after[0].hash
    assert make(tmp_path, seed=3, replace=True)[2].source == "generated: seed 3"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "rates").write_text("in the way")
    with pytest.raises(DataError, match=r"rates.* can't be made"):
        make(tmp_path)
    (tmp_path / "rates").unlink()
    assert find_datasets(tmp_path) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_one_quote_makes_one_data_set_of_quotes(tmp_path: Path) -> None:
    infos = make(tmp_path, quotes=1, gap_every_ns=0)
    assert [info.key for info in infos if "quotes" in info.kinds] == [WON.key]
