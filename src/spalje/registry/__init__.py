"""The registry's rules: versions, approvals, batches, baselines. Values and pure functions."""
