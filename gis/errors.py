"""The one error base of `gis`, in both languages."""


class GisError(Exception):
    """Something the caller can understand and mend.

    Parameters
    ----------
    en, zh : str
        What is wrong, which thing it concerns and what to do, in English and Chinese.
    where : str, optional
        The place at fault: a query parameter, a ring, a line of a file.

    Examples
    --------
    >>> str(GisError("bbox has 3 numbers, 4 or 6 are needed.", "bbox 有 3 个数，应为 4 个或 6 个。"))
    'bbox has 3 numbers, 4 or 6 are needed. bbox 有 3 个数，应为 4 个或 6 个。'
    """

    def __init__(self, en: str, zh: str, where: str | None = None) -> None:
        super().__init__(f"{en} {zh}")
        self.en = en
        self.zh = zh
        self.where = where


class InvalidParameterError(GisError):
    """A query parameter is malformed or its value is out of range."""


class InvalidBboxError(InvalidParameterError):
    """A bounding box is malformed, empty or outside its coordinate system."""


class InvalidDatetimeError(InvalidParameterError):
    """A `datetime` is no RFC 3339 instant or interval."""


class InvalidPageTokenError(InvalidParameterError):
    """A paging token was altered, cut short, or made for another query."""


class UnknownPropertyError(InvalidParameterError):
    """A property name is none of the layer's, or may not be used this way."""


class InvalidFilterError(InvalidParameterError):
    """A filter is no CQL2, is too large, or compares what cannot be compared."""


class UnknownCrsError(InvalidParameterError):
    """A coordinate reference system is unknown or not served."""


class CrsRefusedError(GisError):
    """A transformation would be wrong by metres without saying so: old datums, ballpark shifts."""


class TileOutOfRangeError(GisError):
    """A tile address lies outside the tile matrix or the zooms of the layer."""


class InvalidGeometryError(GisError):
    """A geometry cannot be used: wrong type, no area, no finite coordinates, outside its zone."""


class TooComplexError(GisError):
    """A geometry or query is larger than one request may be."""


class FeatureNotFoundError(GisError):
    """No feature of this layer that the caller may see has this id."""


class InvalidStyleError(GisError):
    """A colouring rule contradicts itself or holds a value that is no colour."""


class FontMissingError(GisError):
    """No font of this machine holds the signs that must be printed."""
