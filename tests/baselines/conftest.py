from tests.tasks import one_thread

__all__ = ["one_thread"]
