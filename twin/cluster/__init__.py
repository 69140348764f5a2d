"""The PostGIS that comes with the service: found or fetched, private, one cluster per home folder."""

from twin.cluster.capabilities import Capabilities, check_capabilities
from twin.cluster.cluster import Cluster
from twin.cluster.opening import open_cluster
from twin.cluster.status import Started, Status

__all__ = ["Capabilities", "Cluster", "Started", "Status", "check_capabilities", "open_cluster"]
