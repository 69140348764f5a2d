"""Where a model lies (地理参考): read what the file says, try every reading, keep the one that lands."""
