"""What happens on a push and on an approval: jobs in a queue, webhooks in, approvals out."""
