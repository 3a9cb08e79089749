"""Workers: handlers of tasks, and the process that runs them (``pylayer worker MODULE``).

from pylayer.worker import Abandon, task

@task("send_mail")
def send_mail(task):
    if not task.input_data.get("to"):
        raise Abandon("nobody to send to")
    return {"sent": True}
"""

from pylayer.worker.handlers import Abandon, Handlers, handlers, task
from pylayer.worker.worker import Worker

__all__ = ["Abandon", "Handlers", "Worker", "handlers", "task"]
