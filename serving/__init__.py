"""What stands on the other side of the wire: signature contract, gRPC clients, and a local model server."""
