"""Checks of models 模型检查 and their issues 模型问题: runs, results, topics that travel as BCF."""
