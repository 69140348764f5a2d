"""Lights 红黄绿灯: rule sets, evaluations with their reasons, transitions."""
