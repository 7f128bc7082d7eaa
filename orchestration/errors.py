"""Errors that a person can act on: what was expected, what came, and what to do."""


class RegularsError(Exception):
    """Base of every error whose text is meant for the person who typed the command."""


class InputError(RegularsError):
    """A raw file or folder is not what the loader was told to expect."""


class WarehouseError(RegularsError):
    """The warehouse is missing, locked, or lacks what a step needs."""


class WarehouseLockedError(WarehouseError):
    """Another process has the warehouse and did not let go of it in time."""


class PublishError(RegularsError):
    """The published copy could not be made; the former one still stands."""


class StepNotRunError(WarehouseError):
    """An earlier step of the same run failed, so this one has nothing to write to."""
