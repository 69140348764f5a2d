"""Land 用地: the reserve pool 储备池 and the control areas 管控图层 a project must not overlap unseen."""
