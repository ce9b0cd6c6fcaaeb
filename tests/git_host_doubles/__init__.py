"""Doubles of Git hosts: servers on this machine that take what the hosts' published API descriptions allow, and no more."""
