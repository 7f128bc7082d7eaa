"""The assets and checks of every purpose, those that other packages bring included."""

from importlib import import_module

import dagster as dg

from ml.entry_points import ExtensionError
from ml.purpose import Purpose
from ml.purposes import PURPOSES


def _load(purpose: Purpose) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    try:
        module = import_module(purpose.asset_module)
        assets: list[dg.AssetsDefinition] = module.ASSETS
    except (ImportError, AttributeError) as error:
        raise ExtensionError(
            f"the purpose {purpose.name!r} says that its assets are in {purpose.asset_module}, "
            f"which does not work: {error}; expected a module with a list ASSETS"
        ) from error
    return assets, getattr(module, "CHECKS", [])


_LOADED = {name: _load(purpose) for name, purpose in PURPOSES.items()}
ASSETS_OF = {name: assets for name, (assets, _) in _LOADED.items()}
CHECKS = [check for _, checks in _LOADED.values() for check in checks]
KEYS_OF = {
    name: sorted(key for definition in assets for key in definition.keys)
    for name, assets in ASSETS_OF.items()
}
EVERY_KEY = [key for keys in KEYS_OF.values() for key in keys]
