"""A process that tests kill: it appends, says what was acknowledged, and dies where it is told."""

from __future__ import annotations

import os
import signal
import sys

from gridmend.runtime.journal import AlreadyRecorded, Journal, WriterFenced
from tests.runtime.journal.journals import KEY, event, events


def appending(url: str, point: str, nth: str) -> None:
    """Append three entries at a time; dies at the nth time that a point is come to."""
    hits: list[str] = []

    def pause(at: str) -> None:
        hits.append(at)
        if hits.count(point) == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)

    # A file's own key, so that the making of one is among what may be cut short.
    key = None if url.startswith("sqlite") else KEY
    with Journal.open(url, key=key, pause=pause, checkpoint_every=4) as journal:
        for first in range(1, 19, 3):
            head = journal.append(events(first, first + 2), once=[f"c{first}"])
            print(head.sequence, flush=True)
            if first == 7:
                journal.keep(b"fold", head.sequence)
                print("kept", flush=True)


def without_end(url: str) -> None:
    """Append one entry after the other until somebody kills the process."""
    with Journal.open(url, key=KEY) as journal:
        for number in range(1, 100_000):
            print(journal.append([event(number)], once=[f"c{number}"]).sequence, flush=True)


def racing(url: str, name: str) -> None:
    """Try to be the one that records each of twenty commands, opening again when fenced."""
    done = 0
    while done < 20:
        with Journal.open(url, key=KEY) as journal:
            try:
                while done < 20:
                    command = f"c{done}"
                    try:
                        journal.append([event(done, by=name)], once=[command])
                        print(command, flush=True)
                    except AlreadyRecorded:
                        pass
                    done += 1
            except WriterFenced:
                continue


def limited(path: str, size: str) -> None:
    """Append until the disk is full, as a limit of the size of files plays it."""
    import resource

    from gridmend.runtime.journal import JournalError

    with Journal.open(path, key=KEY) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), resource.RLIM_INFINITY))
        last = 0
        try:
            for number in range(1, 10_000):
                last = journal.append([event(number, text="x" * 2000)]).sequence
        except JournalError as problem:
            print(problem.what, flush=True)
        print(last, journal.head().sequence, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        print(journal.append([event(last + 1)]).sequence, flush=True)


def forbidden(path: str) -> None:
    """Open for writing what may not be written, and read-only."""
    from gridmend.runtime.journal import JournalError

    if os.name == "posix" and os.getuid() == 0:
        # The administrator may write everywhere. What somebody else may not read is loaded first.
        with Journal.memory() as journal:
            journal.append([event(1)])
            journal.verify()
        os.setuid(65534)
    try:
        Journal.open(path, key=KEY)
    except JournalError as problem:
        print(problem.what.replace("\n", " "), "|", problem.mend, flush=True)
    with Journal.open(path, read_only=True) as journal:
        print(journal.verify().ok, journal.head().sequence, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
