import re
from pathlib import Path

from arbcore.settings import PluginSettings
from arbcore_exchange_upbit.settings import UpbitSettings


def test_every_setting_is_in_the_table() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.split("## Settings")[1].split("\n## ")[0]
    keys = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    named = {name for cell in keys for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(UpbitSettings.model_fields) - set(PluginSettings.model_fields)
