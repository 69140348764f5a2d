"""Which schedule a file is, by its content, and its reading."""

from typing import Final

from bim.errors import ScheduleError
from bim.schedules.mspdi import read_mspdi
from bim.schedules.plan import WorkPlan
from bim.schedules.sheet import ZIP_MAGIC, read_sheet
from bim.schedules.table import read_table
from bim.schedules.xer import read_xer

MAX_BYTES: Final = 64 * 1024 * 1024
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"


def read_schedule_file(data: bytes, encoding: str | None = None, plan: str | None = None) -> WorkPlan:
    """Read a work schedule: MSPDI XML, XER, CSV or XLSX, told apart by the bytes, never by the name.

    Parameters
    ----------
    encoding : str, optional
        Named by the sender, for XER and CSV.
    plan : str, optional
        Which project of an XER file.

    Raises
    ------
    ScheduleError
        None of the four, or damaged; the message says what to export instead.
    """
    if len(data) > MAX_BYTES:
        raise ScheduleError(
            f"The schedule is larger than {MAX_BYTES // 2**20} MB; export one project.",
            f"进度计划超过 {MAX_BYTES // 2**20} MB；请只导出一个项目。",
        )
    head = data[:4096].lstrip(b"\xef\xbb\xbf\r\n\t ")
    if data.startswith(_OLE_MAGIC):
        raise ScheduleError(
            "This is a binary .mpp or .xls file; save it as MSPDI XML or .xlsx.",
            "这是二进制 .mpp 或 .xls 文件；请另存为 MSPDI XML 或 .xlsx。",
        )
    if head.startswith(b"ISO-10303-21"):
        raise ScheduleError(
            "This is an IFC file; upload it as a model, then take its tasks over with model=ID.",
            "这是 IFC 文件；请先上传为模型，再用 model=编号 导入其任务。",
        )
    if head.startswith(b"<"):
        return read_mspdi(data)
    if _is_xer(data):
        return read_xer(data, encoding, plan)
    if (
        not data.startswith(ZIP_MAGIC)
        and not data.startswith((b"\xff\xfe", b"\xfe\xff"))
        and b"\0" in data[:4096]
    ):
        raise ScheduleError(
            "The file is neither MSPDI XML, XER, CSV nor XLSX.", "文件不是 MSPDI XML、XER、CSV 或 XLSX。"
        )
    return read_table(read_sheet(data, encoding))


def _is_xer(data: bytes) -> bool:
    head = data[:64]
    return b"ERMHDR" in head or "ERMHDR".encode("utf-16-le") in head or "ERMHDR".encode("utf-16-be") in head
