"""Background work 后台任务: the queue behind five functions, and one file per job."""
