"""What is wrong with a request of an older service, and how each service says so."""

from xml.sax.saxutils import escape, quoteattr

from gis.errors import InvalidParameterError


class ServiceError(InvalidParameterError):
    """A request of WMS, WFS or WMTS that is not served; `code` is the service's own word for why.

    Parameters
    ----------
    code : str
        `InvalidParameterValue`, `MissingParameterValue`, `OperationNotSupported`, `LayerNotDefined` …
    """

    def __init__(self, code: str, where: str, en: str, zh: str) -> None:
        super().__init__(en, zh, where)
        self.code = code


def exception_report(service: str, error: ServiceError) -> bytes:
    """Return the report a client of the service understands (WMS 1.3.0 annex E.2; OWS Common 1.1, 8)."""
    text = escape(f"{error.en} {error.zh}")
    where = quoteattr(str(error.where))
    if service == "WMS":
        inner = f"<ServiceException code={quoteattr(error.code)} locator={where}>{text}</ServiceException>"
        outer = '<ServiceExceptionReport version="1.3.0" xmlns="http://www.opengis.net/ogc">'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{outer}{inner}</ServiceExceptionReport>\n'.encode()
    outer = '<ows:ExceptionReport version="2.0.0" xmlns:ows="http://www.opengis.net/ows/1.1">'
    inner = f"<ows:ExceptionText>{text}</ows:ExceptionText>"
    inner = f"<ows:Exception exceptionCode={quoteattr(error.code)} locator={where}>{inner}</ows:Exception>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{outer}{inner}</ows:ExceptionReport>\n'.encode()


def invalid(where: str, value: str, en: str, zh: str) -> ServiceError:
    """Return the error for a value that is not offered."""
    shown = value[:60]
    return ServiceError(
        "InvalidParameterValue", where, f"{where}={shown!r}: {en}.", f"{where}={shown!r}：{zh}。"
    )


def missing(where: str) -> ServiceError:
    """Return the error for a parameter that must be given."""
    return ServiceError("MissingParameterValue", where, f"{where} is missing.", f"缺少参数 {where}。")
