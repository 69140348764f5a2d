"""The one error base of `twin`, in both languages."""


class TwinError(Exception):
    """Something the caller can understand and mend.

    Parameters
    ----------
    en, zh : str
        What is wrong, which thing it concerns and what to do, in English and Chinese.
    where : str, optional
        The place in a file or request at fault, such as ``"line 12"``.

    Examples
    --------
    >>> str(TwinError("Project X is unknown.", "没有项目 X。"))
    'Project X is unknown. 没有项目 X。'
    """

    def __init__(self, en: str, zh: str, where: str | None = None) -> None:
        super().__init__(f"{en} {zh}")
        self.en = en
        self.zh = zh
        self.where = where


class NotFoundError(TwinError):
    """The named thing does not exist, or the caller may not know that it does."""


class ForbiddenError(TwinError):
    """The caller is known and may not do this."""


class UnauthenticatedError(TwinError):
    """The caller must say who they are first."""


class ConflictError(TwinError):
    """The request contradicts what is stored."""


class MoveRefusedError(ConflictError):
    """A state may not follow upon the present one (`domain.md` §6); the attempt belongs into the audit trail."""


class MalformedError(TwinError):
    """The request cannot be read at all."""


class StaleError(TwinError):
    """The thing has changed since the caller looked at it."""


class NotOfferedError(TwinError):
    """Nobody may do this to such a thing."""


class InvalidInputError(TwinError):
    """The request or a file in it is wrong."""


class ChecksumError(TwinError):
    """Bytes that came in are not those that their sender meant."""


class UnavailableError(TwinError):
    """Something the service depends on does not answer now; a retry may succeed."""
