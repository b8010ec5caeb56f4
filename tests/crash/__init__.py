"""The process dies with SIGKILL at every named point, and at any: nothing lost, nothing twice."""
