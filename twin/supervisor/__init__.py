"""Run the service's processes, start again what dies, end all of them together."""

from twin.supervisor.children import Child, Chore, SupervisorError
from twin.supervisor.supervisor import Supervisor

__all__ = ["Child", "Chore", "Supervisor", "SupervisorError"]
