"""Config: merge raw trees with the origin of every value, then validate each section with its plugin's model.

raw = load(files, os.environ, overrides)
plugins = ...                                   # what `wanted(raw)` names, within `allowed(raw)`
config = validate(raw, settings_model)
"""

from arbcore.config.explain import Shown, explain_values
from arbcore.config.findings import InvalidConfig, UnsafeConfig, describe, weigh
from arbcore.config.layers import ENV_PREFIX, Override, RawConfig, load
from arbcore.config.model import Config, Instance
from arbcore.config.schema import json_schema
from arbcore.config.secrets import KeyringFetch, missing_secrets, resolve_secret, resolve_secrets
from arbcore.config.sections import ExchangeKeys, InstanceKeys, PaperKeys, RateKeys
from arbcore.config.validate import SettingsLookup, allowed, validate, wanted

__all__ = [
    "ENV_PREFIX",
    "Config",
    "ExchangeKeys",
    "Instance",
    "InstanceKeys",
    "InvalidConfig",
    "KeyringFetch",
    "Override",
    "PaperKeys",
    "RateKeys",
    "RawConfig",
    "SettingsLookup",
    "Shown",
    "UnsafeConfig",
    "allowed",
    "describe",
    "explain_values",
    "json_schema",
    "load",
    "missing_secrets",
    "resolve_secret",
    "resolve_secrets",
    "validate",
    "wanted",
    "weigh",
]
