"""Progress 进度: reports, the roll-up from elements and milestones, planned progress."""
