"""What hosts send through webhooks: one file per host says how it signs and what it tells. Nothing is asked."""

from spalje.project.git_hosts.deliveries.read import read

__all__ = ["read"]
