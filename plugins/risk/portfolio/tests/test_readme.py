"""The README's table names every setting with its default."""

import re
from pathlib import Path

from arbcore.settings import parse_duration
from arbcore_risk_portfolio.settings import PortfolioSettings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TABLE = README.split("| key | default | meaning |\n|---|---|---|\n")[1].split("\n\n")[0]


def test_every_key_is_in_the_readme() -> None:
    """With the default that the model has, and no other key."""
    written = dict(re.findall(r"^\| `(\w+)` \| `?(none|[^|`]+)`? \|", TABLE, re.MULTILINE))
    assert parse_duration(written["review_interval"]) == PortfolioSettings(use="portfolio").review_interval
    fields = PortfolioSettings.model_fields.items()
    plain = {
        name: str(field.get_default()).lower()
        for name, field in fields
        if name not in {"use", "order", "review_interval"}
    }
    assert plain | {"review_interval": written["review_interval"]} == written
