"""Messaging over WebSockets: the DM is the hub, and its agents are the peers."""
