"""Work schedules 进度计划 of other programs: MSPDI, XER, CSV and XLSX as plain values."""
