"""Authority and dispatch: what the control room may have done, and how it is done."""

from gridmend.runtime.control.commands import operate, select
from gridmend.runtime.control.kernel import Answer, Kernel
from gridmend.runtime.control.readback import attend, resume, settle

__all__ = ["Answer", "Kernel", "attend", "operate", "resume", "select", "settle"]
