"""The shell: everything that touches the network, the clock, the disk or the terminal."""

__version__ = "0.1.0"
