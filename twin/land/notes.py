"""A word of explanation in both languages, with a code for machines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """What a rule says and why."""

    code: str
    en: str
    zh: str
