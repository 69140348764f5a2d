"""Files of planners into layers 入库: which column is which property, checked rows, one transaction, versions kept."""
