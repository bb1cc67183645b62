"""What cannot be compiled for a cluster, or sent to it."""


class ClusterError(ValueError):
    """A pipeline that the cluster would refuse, or that cannot be sent; the message names the key."""
