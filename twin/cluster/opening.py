"""From settings to a cluster."""

from twin.cluster.cluster import Cluster
from twin.cluster.obtain import tell
from twin.cluster.packages import Say
from twin.settings import HomeSettings


def open_cluster(settings: HomeSettings, say: Say = tell) -> Cluster:
    """Return the cluster of the settings' home, not yet started."""
    return Cluster(settings.home, bin_dir=settings.pg_bin, system_packages=settings.system_packages, say=say)
