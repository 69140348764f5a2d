"""Run the service's processes, start again what dies, end all of them together."""

from twin.supervisor.supervisor import Child, Chore, Supervisor, SupervisorError

__all__ = ["Child", "Chore", "Supervisor", "SupervisorError"]
