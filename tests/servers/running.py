"""What every server here can do: be started, be stopped, be used in a `with`."""

from abc import ABC, abstractmethod
from typing import Self


class Server(ABC):
    @abstractmethod
    def start(self) -> None:
        """Return when it answers."""

    @abstractmethod
    def stop(self) -> None:
        """End it; start() brings it back on the same port."""

    def close(self) -> None:
        """End it for good."""
        self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
