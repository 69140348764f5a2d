"""Texts of the pages in Chinese and English, and the numbers written the way each language writes them."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

Lang = Literal["zh", "en"]

LANGS: Final[tuple[Lang, ...]] = ("zh", "en")
CATALOGUES: Final = Path(__file__).with_name("messages")
ISLAND_PREFIX: Final = "map."
NO_VALUE: Final = "—"
CHINA: Final = timezone(timedelta(hours=8))  # no daylight saving; needs no time-zone data on the machine

_YUAN_PER_YI: Final = 100_000_000
_YUAN_PER_WAN: Final = 10_000
_YUAN_PER_MILLION: Final = 1_000_000
_YUAN_PER_BILLION: Final = 1_000_000_000


@cache
def catalogue(lang: Lang) -> dict[str, str]:
    """Read the messages of one language.

    Parameters
    ----------
    lang : {'zh', 'en'}
        The language of the page.

    Returns
    -------
    dict of str to str
        Message text by key. Both languages have the same keys.

    Examples
    --------
    >>> catalogue("zh")["title"]
    '重点工程一张图'
    """
    text = (CATALOGUES / f"{lang}.json").read_text(encoding="utf-8")
    return cast("dict[str, str]", json.loads(text))


def choose_lang(asked: str | None, remembered: str | None, accept_language: str | None) -> Lang:
    """Choose the language of a page: the address first, then the cookie, then the browser's wish.

    Parameters
    ----------
    asked, remembered : str or None
        Value of ``lang=`` in the address and of the language cookie; unknown values are passed over.
    accept_language : str or None
        The header of that name (RFC 9110 section 12.5.4). Only the first language we speak counts.

    Returns
    -------
    {'zh', 'en'}
        Chinese when nothing else is asked for.

    Examples
    --------
    >>> choose_lang(None, None, "de, en;q=0.8, zh;q=0.5")
    'en'
    >>> choose_lang("zh", "en", "en")
    'zh'
    >>> choose_lang("xx", None, None)
    'zh'
    """
    wishes = [asked or "", remembered or "", *(accept_language or "").split(",")]
    for wish in wishes:
        primary = wish.split(";")[0].strip().lower()[:2]
        if primary in LANGS:
            return primary
    return "zh"


@dataclass(frozen=True)
class Speech:
    """Texts and number forms of one language, as the templates use them."""

    lang: Lang

    def __call__(self, key: str, **values: object) -> str:
        """Return the message of a key with its blanks filled; raises KeyError for an unknown key."""
        return catalogue(self.lang)[key].format(**values)

    def name_of(self, kind: str, key: str | None, stored: str | None = None) -> str:
        """Name a value of a closed list, such as stage ``construction``, or fall back on what is stored."""
        if not key:
            return NO_VALUE
        if self.lang == "zh" and stored:
            return stored
        return catalogue(self.lang).get(f"{kind}.{key}", stored or key)

    def percent(self, value: float | None) -> str:
        """Write a percentage with one decimal.

        >>> Speech("en").percent(62.44)
        '62.4%'
        """
        return NO_VALUE if value is None else f"{value:.1f}%"

    def points(self, value: float | None) -> str:
        """Write a signed difference in percentage points.

        >>> Speech("zh").points(-10.0)
        '−10.0 个百分点'
        """
        if value is None:
            return NO_VALUE
        sign = "−" if value < 0 else "+"
        return self("points", value=f"{sign}{abs(value):.1f}")

    def money(self, yuan: float | None) -> str:
        """Write an amount given in yuan in the unit its reader expects.

        >>> Speech("zh").money(8_036_000_000), Speech("en").money(8_036_000_000)
        ('80.36 亿元', 'CNY 8.04 bn')
        >>> Speech("zh").money(56_780_000), Speech("en").money(56_780_000)
        ('5,678 万元', 'CNY 56.8 M')
        """
        if yuan is None:
            return NO_VALUE
        if self.lang == "zh":
            if abs(yuan) >= _YUAN_PER_YI:
                return f"{yuan / _YUAN_PER_YI:,.2f} 亿元"
            return f"{yuan / _YUAN_PER_WAN:,.0f} 万元"
        if abs(yuan) >= _YUAN_PER_BILLION:
            return f"CNY {yuan / _YUAN_PER_BILLION:,.2f} bn"
        return f"CNY {yuan / _YUAN_PER_MILLION:,.1f} M"

    def day(self, value: date | None) -> str:
        """Write a calendar day as ISO 8601, which both languages read.

        >>> Speech("zh").day(date(2025, 10, 31))
        '2025-10-31'
        """
        return NO_VALUE if value is None else f"{value:%Y-%m-%d}"

    def moment(self, value: datetime | None) -> str:
        """Write a moment as the clock in China shows it.

        >>> Speech("zh").moment(datetime(2025, 10, 31, 1, 30, tzinfo=timezone.utc))
        '2025-10-31 09:30'
        """
        return NO_VALUE if value is None else f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"

    def number(self, value: float | None, decimals: int) -> str:
        """Write a number with a fixed count of decimals and thousands separators.

        >>> Speech("zh").number(27988.5719, 2)
        '27,988.57'
        """
        return NO_VALUE if value is None else f"{value:,.{decimals}f}"

    def island(self, *prefixes: str) -> dict[str, str]:
        """Return the messages that a script in the browser needs: those of the map, or those that begin so."""
        wanted = prefixes or (ISLAND_PREFIX,)
        return {k: v for k, v in catalogue(self.lang).items() if k.startswith(wanted)}
