"""What a file that cannot be used is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gis.errors import GisError

if TYPE_CHECKING:
    from gis.exchange.model import Finding


class ExchangeError(GisError):
    """A file from outside cannot be used; `errors` holds every fault with its place and remedy.

    Parameters
    ----------
    errors : sequence of Finding
        At least one; the message is that of the first, with the number of the others.
    """

    def __init__(self, errors: Sequence[Finding]) -> None:
        first, more = errors[0], len(errors) - 1
        en = f"{first.where}: {first.en}" if first.where else first.en
        zh = f"{first.where}：{first.zh}" if first.where else first.zh
        if more:
            en, zh = f"{en} ({more} more)", f"{zh}（另有 {more} 处）"
        super().__init__(en, zh, first.where or None)
        self.errors = list(errors)
