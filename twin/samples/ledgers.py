"""Project ledgers as offices send them: a good one and one with faults in known cells."""

from twin.samples.projects import Project, sample_projects
from twin.samples.workbook import Cell, Sheet, workbook

TITLE = "重点项目台账（样例，虚构）"
HEAD_1: tuple[Cell, ...] = (
    "序号",
    "项目名称",
    "项目代码",
    "总投资（万元）",
    "计划工期",
    None,
    "建设单位",
    None,
    "备注",
)
HEAD_2: tuple[Cell, ...] = (None, None, None, None, "开工", "竣工", "名称", "联系电话", None)
MERGED = ("A1:I1", "A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:F2", "G2:H2", "I2:I3")
NOTE = "注：本表为虚构样例，金额单位为万元。"
SERIAL_2025_03_01 = 45717
MARK = Sheet("说明", (("synthetic", "true"), ("说明", "本工作簿由程序生成，内容全部虚构")))

FAULTS = {
    "C4": "check digit of the project code is wrong (warning)",
    "D5": "the cell says 亿元, the header 万元",
    "B6": "the project name is missing",
    "E7": "there is no month 13",
    "C9": "the project code occurs twice",
}


def ledger_files() -> dict[str, bytes]:
    """Return the ledgers by path."""
    return {
        "exchange/ledger.xlsx": workbook([_sheet(_good_rows()), MARK]),
        "exchange/ledger-faulty.xlsx": workbook([_sheet(_faulty_rows()), MARK]),
    }


def ledger_projects() -> tuple[Project, ...]:
    """Return the eight projects of the ledger."""
    return sample_projects()[:8]


def _sheet(rows: list[list[Cell]]) -> Sheet:
    body = [[TITLE], HEAD_1, HEAD_2, *rows, [None], [NOTE]]
    # Row 7 (the fourth project) holds its start as a serial date.
    dates = [f"E{n}" for n, row in enumerate(body, start=1) if len(row) > 4 and isinstance(row[4], int)]
    return Sheet("台账", body, MERGED, dates)


def _good_rows() -> list[list[Cell]]:
    projects = ledger_projects()
    starts: tuple[Cell, ...] = ("2025.3", "2025年3月底", "2025/3/1", SERIAL_2025_03_01)
    rows = [_row(n, p, starts[n % 4]) for n, p in enumerate(projects)]
    first, last = rows[:4], rows[4:]
    return [*first, _sum("小计", first), *last, _sum("合计", rows)]


def _row(n: int, p: Project, start: Cell) -> list[Cell]:
    wan = p.investment_total_yuan // 10_000
    amount: Cell = (wan, f"{wan:,}", f"{wan}万元", wan)[n % 4]
    finish = f"{p.plan_finish.year}.{p.plan_finish.month}"
    return [n + 1, p.name, p.nat_code, amount, start, finish, "示范区城建样例公司", f"100-0000-{n:04d}", "—"]


def _sum(label: str, rows: list[list[Cell]]) -> list[Cell]:
    numbers = [int(str(row[3]).replace(",", "").removesuffix("万元")) for row in rows]
    return [label, None, None, sum(numbers), None, None, None, None, None]


def _faulty_rows() -> list[list[Cell]]:
    rows = [list(row) for row in _good_rows()]
    code = str(rows[0][2])
    rows[0][2] = code[:-1] + str((int(code[-1]) + 1) % 10)
    rows[1][3] = "1.2亿元"
    rows[2][1] = None
    rows[3][4] = "2025.13"
    rows[5][2] = rows[6][2]
    return rows
