"""The deterministic, wholly synthetic sample set of `data/samples` 样例数据集（全部虚构）."""
