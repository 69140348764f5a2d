"""Projects 项目, their footprints 红线, stages 阶段, baselines 基线 and milestones 节点."""
