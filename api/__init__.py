"""Every way in: HTTP, the `twin` command, the dashboard."""
