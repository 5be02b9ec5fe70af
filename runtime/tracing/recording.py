from runtime.tracing.trace import Trace
from runtime.tracing.model import Worker
def read(memory, job, *, epoch_ns, channel_keys, environment, results, errors, complete):
    L=job.layout
    for i in range(L.lanes):
        w=memoryview(memory)[L.lane_at(i):L.lane_at(i)+128].cast('Q')
        print('lane',i,list(w))
        w.release()
    return Trace(name=job.name, backend=job.backend, wall_ns=1, workers=tuple(Worker(i,w.name,'','','',0) for i,w in enumerate(job.workers)), results=results, errors=errors, complete=complete, environment=environment)
