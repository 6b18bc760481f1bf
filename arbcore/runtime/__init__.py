"""The runtime: performs the engine's effects and feeds results back as inputs."""
