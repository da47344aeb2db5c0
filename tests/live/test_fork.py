"""A process that is forked from a running admin has none, and harms none."""

import json
import signal
import sys
import textwrap

import pytest

# What every program below begins with. `report` says something to the test.
PROLOGUE = """
import json, logging, os, signal, sys, threading
from config_admin import ConfigAdmin, NotRunningError, UsageError, testing

logging.basicConfig(format="LOG %(process)d %(levelname)s %(message)s")
LIMIT_S = 15.0


def report(**facts):
    print(json.dumps(facts), flush=True)


def forked(child):
    # Run child() in a forked process; its exit code.
    process = os.fork()
    if process == 0:
        signal.alarm(int(LIMIT_S))  # a deadlock must not outlive the test
        try:
            child()
            sys.stdout.flush()
        except BaseException as error:  # whatever it is, the child ends here
            print("CHILD", repr(error), flush=True)
            os._exit(7)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


class Service:
    def __init__(self):
        self.calls = []
        self.came = threading.Condition()

    def updated(self, properties):
        with self.came:
            self.calls.append(properties and properties["a"])
            self.came.notify_all()

    def wait_for(self, value):
        with self.came:
            return self.came.wait_for(lambda: self.calls[-1:] == [value], LIMIT_S)

"""


@pytest.fixture
def run(start, tmp_path):
    """Run a program to its end: what it reported, and what it printed."""
    (tmp_path / "etc").mkdir()

    def run_to_its_end(body):
        script = tmp_path / "program.py"
        script.write_text(PROLOGUE + textwrap.dedent(body), encoding="utf-8")
        program = start(sys.executable, script, cwd=tmp_path)
        code = program.ended()
        assert code == 0, program.output
        reports = [json.loads(line) for line in program.lines if line[:1] == "{"]
        return reports, program.output

    return run_to_its_end


def test_every_call_in_a_child_says_that_nothing_runs_there(run):
    """CM-47."""
    (calls,), output = run(
        """
        admin = ConfigAdmin("etc")
        admin.start()
        admin.update("p", {"a": "1"})
        opened = admin.transaction().__enter__()
        calls = {
            "get": lambda: admin.get("p"),
            "find": lambda: admin.find("p"),
            "list": admin.list_configurations,
            "update": lambda: admin.update("p", {}),
            "delete": lambda: admin.delete("p"),
            "create": lambda: admin.create_factory_configuration("f", {}),
            "transaction": admin.transaction,
            "update in one": lambda: opened.update("p", {"a": None}),
            "end of one": lambda: opened.__exit__(None, None, None),
            "processed": lambda: admin.processed_properties("p"),
            "services": admin.services,
            "wait_applied": lambda: admin.wait_applied("p"),
            "faults": admin.faults,
            "flush": admin.flush,
            "wait": admin.wait,
            "service": lambda: admin.add_managed_service("p", print),
            "decorator": lambda: admin.managed_service("p")(print),
            "factory": lambda: admin.add_managed_service_factory("p", print),
            "listener": lambda: admin.add_listener(print),
            "plugin": lambda: admin.add_plugin(print),
        }

        def child():
            said = {}
            for name, call in calls.items():
                try:
                    said[name] = repr(call())
                except NotRunningError as error:
                    said[name] = str(error)
            report(**said)
            admin.stop()
            admin.stop()
            try:
                admin.start()
            except UsageError as error:
                assert "make a new one here" in str(error), error

        assert forked(child) == 0
        admin.stop()
        """
    )

    assert len(calls) == 20
    assert {
        name: said for name, said in calls.items() if "make a new one here" not in said
    } == {}
    (warning,) = [line for line in output.splitlines() if line.startswith("LOG")]
    assert "WARNING A forked process has no running admin" in warning


def test_a_child_and_its_end_harm_nothing(run):
    """CM-47: whether it ends as a program does, or at once."""
    (facts,), _ = run(
        """
        service = Service()
        with ConfigAdmin("etc") as admin:
            admin.add_managed_service("p", service)
            assert service.wait_for(None)
            before = threading.active_count()
            for end in (sys.exit, os._exit, None):
                process = os.fork()
                if process == 0:
                    signal.alarm(int(LIMIT_S))
                    if end is None:
                        break  # leaves the with block, in the child
                    end(0)
                assert os.waitpid(process, 0)[1] == 0
                value = f"after {end}"
                with open("etc/p.cfg", "w") as file:
                    file.write(f"a = {value}")
                assert service.wait_for(value), service.calls
                admin.update("p", {"a": f"{value}, updated"})
                assert admin.flush(LIMIT_S)
                with open("etc/p.cfg") as file:
                    assert "updated" in file.read()
        if process:
            report(faults=[str(fault) for fault in admin.faults()])
        """
    )

    assert facts == {"faults": []}


def test_a_child_can_make_a_new_one(run):
    """CM-47: on the same directory, too."""
    (facts,), _ = run(
        """
        admin = ConfigAdmin("etc")
        admin.start()
        admin.update("p", {"a": "1"})
        assert admin.flush(LIMIT_S)

        def child():
            service = Service()
            with ConfigAdmin("etc") as mine:
                mine.add_managed_service("p", service)
                assert service.wait_for("1")
                mine.update("p", {"a": "2"})
            os.fork() or os._exit(0)  # it has ended: nothing to warn of

        followed = Service()
        admin.add_managed_service("p", followed)
        assert forked(child) == 0
        report(followed=followed.wait_for("2"))
        admin.stop()
        """
    )

    assert facts == {"followed": True}


def test_only_a_running_admin_is_lost_by_a_fork(run):
    """CM-47: one that has not begun can be started in the child."""
    (facts,), output = run(
        """
        service = Service()
        new, ended = ConfigAdmin("etc"), ConfigAdmin("etc")
        new.add_managed_service("p", service)
        ended.start()
        ended.stop()

        def child():
            with new:
                new.update("p", {"a": "1"})
                assert service.wait_for("1")
            try:
                ended.update("p", {})
            except NotRunningError as error:
                report(ended=str(error))

        assert forked(child) == 0
        """
    )

    assert "has been stopped" in facts["ended"]
    assert "LOG" not in output


def test_a_fork_inside_a_callback_is_one_too(run):
    """CM-47."""
    reports, output = run(
        """
        codes = []
        done = threading.Event()

        class Forking:
            def updated(self, properties):
                def child():
                    try:
                        admin.update("q", {})
                    except NotRunningError as error:
                        report(said=str(error))
                    admin.stop()

                codes.append(forked(child))
                done.set()

        with ConfigAdmin("etc") as admin:
            admin.add_managed_service("p", Forking())
            assert done.wait(LIMIT_S)
            assert admin.flush(LIMIT_S)
            report(faults=[str(fault) for fault in admin.faults()], codes=codes)
        """
    )

    assert "make a new one here" in reports[0]["said"]
    assert reports[1] == {"faults": [], "codes": [0]}, output


def test_a_fork_while_others_use_the_admin_hangs_no_child(run):
    """CM-47: whatever lock another thread held then, nobody waits for it."""
    (facts,), _ = run(
        """
        logging.disable()
        ended = threading.Event()
        codes = []
        with ConfigAdmin("etc", write_back=False) as admin:

            def write():
                number = 0
                while not ended.is_set():
                    number += 1
                    admin.update("p", {"a": str(number)})
                    admin.add_managed_service("p", lambda _: None).close()

            def child():
                for call in (admin.faults, lambda: admin.update("p", {"a": "x"})):
                    try:
                        call()
                    except NotRunningError:
                        continue
                    os._exit(3)
                admin.stop()

            writers = [threading.Thread(target=write) for _ in range(3)]
            for writer in writers:
                writer.start()
            for _ in range(30):
                codes.append(forked(child))
            ended.set()
            for writer in writers:
                writer.join()
        report(codes=codes)
        """
    )

    assert facts == {"codes": [0] * 30}


def test_a_lock_that_another_thread_held_at_the_fork_holds_up_no_child(run):
    """CM-47: a thread that is not there never lets it go."""
    (facts,), _ = run(
        """
        held, ended = threading.Event(), threading.Event()

        def hold():
            with admin._state_lock:
                held.set()
                ended.wait(LIMIT_S)

        def child():
            for call in (admin.stop, admin.start, admin.__exit__):
                try:
                    call()
                except UsageError as error:
                    report(said=str(error))

        with ConfigAdmin("etc") as admin:
            holding = threading.Thread(target=hold)
            holding.start()
            held.wait(LIMIT_S)
            assert forked(child) == 0
            ended.set()
            holding.join()
        """
    )

    assert "make a new one here" in facts["said"]


def test_a_log_handler_that_fails_in_a_child_leaves_no_admin_half_alive(run):
    """CM-47: each of several admins knows of the fork."""
    (facts,), _ = run(
        """
        class Failing(logging.Handler):
            def emit(self, record):
                raise OSError("no log")

        first, second = ConfigAdmin("etc"), testing.admin()
        first.start()
        second.start()
        logging.getLogger("config_admin").addHandler(Failing())

        def child():
            said = []
            for admin in (first, second):
                try:
                    admin.update("p", {})
                except NotRunningError as error:
                    said.append(str(error))
            report(said=said)

        assert forked(child) == 0
        second.stop()
        first.stop()
        """
    )

    assert len(facts["said"]) == 2


def handlers():
    wanted = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGIO)
    return {number: signal.getsignal(number) for number in wanted}


BEFORE = handlers()  # nohup, for one, has its own


def test_the_library_leaves_signals_alone(admin):
    """CM-47: what SIGTERM does is for the program to say."""
    admin.update("p", {"a": "1"})

    assert handlers() == BEFORE


def test_sigterm_ends_a_program_as_it_ends_any_other(start, tmp_path):
    """CM-47."""
    script = tmp_path / "program.py"
    (tmp_path / "etc").mkdir()
    script.write_text(
        PROLOGUE
        + textwrap.dedent(
            """
            with ConfigAdmin("etc") as admin:
                report(ready=True)
                admin.wait()
            """
        )
    )
    program = start(sys.executable, script, cwd=tmp_path)
    program.line_with("ready")

    assert program.end(signal.SIGTERM) == -signal.SIGTERM


def test_a_signal_handler_may_stop_the_admin(start, tmp_path):
    """CM-47: in the main thread, which waits; and twice, as impatient people do."""
    script = tmp_path / "program.py"
    (tmp_path / "etc").mkdir()
    script.write_text(
        PROLOGUE
        + textwrap.dedent(
            """
            def stop(*_):
                admin.stop()
                admin.stop()

            with ConfigAdmin("etc") as admin:
                signal.signal(signal.SIGTERM, stop)
                report(ready=True)
                admin.wait()
                report(ended=True)
            """
        )
    )
    program = start(sys.executable, script, cwd=tmp_path)
    program.line_with("ready")

    assert program.end(signal.SIGTERM) == 0
    assert "ended" in program.output
