"""The property set in which an export carries element progress, and by which it is read again."""

from typing import Final

SET_NAME: Final = "WT_ConstructionProgress"
STATUS: Final = "Status"
PERCENT: Final = "PercentComplete"
ACTUAL_START: Final = "ActualStart"
ACTUAL_FINISH: Final = "ActualFinish"
PLANNED_START: Final = "PlannedStart"
PLANNED_FINISH: Final = "PlannedFinish"
MILESTONE: Final = "Milestone"
STEP: Final = "AcceptedStep"
AS_OF: Final = "AsOf"
