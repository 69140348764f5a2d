"""The PostGIS that comes with the service: found or fetched, private, one cluster per home folder."""

from twin.cluster.capabilities import Capabilities, check_capabilities
from twin.cluster.cluster import Cluster, Started, Status

__all__ = ["Capabilities", "Cluster", "Started", "Status", "check_capabilities"]
