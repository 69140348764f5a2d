"""BIM models 模型, their revisions 版本 and elements 构件, and what sites report of each element."""
