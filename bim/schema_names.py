"""Which schema name is opened as which: the kernel reads three names, files carry many more."""

from bim.errors import Place, SchemaUnsupportedError

IFC2X3 = "IFC2X3"
IFC4 = "IFC4"
IFC4X3 = "IFC4X3_ADD2"

READABLE = (IFC2X3, IFC4, IFC4X3)

_OPEN_AS = {
    IFC2X3: IFC2X3,
    "IFC2X3_TC1": IFC2X3,
    "IFC2X3_FINAL": IFC2X3,
    "IFC2X_FINAL": IFC2X3,
    "IFC2X2_FINAL": IFC2X3,
    IFC4: IFC4,
    "IFC4_ADD1": IFC4,
    "IFC4_ADD2": IFC4,
    "IFC4_ADD2_TC1": IFC4,
    "IFC4_TC1": IFC4,
    "IFC4X1": IFC4X3,
    "IFC4X1_FINAL": IFC4X3,
    "IFC4X2": IFC4X3,
    "IFC4X2_FINAL": IFC4X3,
    "IFC4X3": IFC4X3,
    "IFC4X3_RC1": IFC4X3,
    "IFC4X3_RC2": IFC4X3,
    "IFC4X3_RC3": IFC4X3,
    "IFC4X3_RC4": IFC4X3,
    "IFC4X3_ADD1": IFC4X3,
    "IFC4X3_TC1": IFC4X3,
    IFC4X3: IFC4X3,
}


def get_open_as(names: tuple[str, ...], line: int | None = None) -> str:
    """Get the schema name under which a file is opened.

    Parameters
    ----------
    names : tuple of str
        The names found in FILE_SCHEMA, as written.
    line : int, optional
        Line of FILE_SCHEMA, for the message.

    Raises
    ------
    SchemaUnsupportedError
        No name, several names, or an unknown one.

    Examples
    --------
    >>> get_open_as(("IFC4X3_RC2",))
    'IFC4X3_ADD2'
    """
    known = _OPEN_AS.get(names[0].strip().upper().replace(" ", "")) if len(names) == 1 else None
    if known:
        return known
    found = ", ".join(names) or "-"
    supported = ", ".join(sorted(_OPEN_AS))
    raise SchemaUnsupportedError(
        f"FILE_SCHEMA names {found}; supported are {supported}. Export the model as IFC4 or IFC2X3.",
        f"FILE_SCHEMA 写明的模式为 {found};支持的模式有 {supported}。请重新导出为 IFC4 或 IFC2X3。",
        Place(line=line),
    )
