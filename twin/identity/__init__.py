"""Who calls, what they may do, which rows they see, and the record of it all."""

from twin.identity.caller import ANONYMOUS, Caller

__all__ = ["ANONYMOUS", "Caller"]
