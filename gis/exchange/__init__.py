"""Files that planners really have, read with the reasons and written so that others can read them."""
