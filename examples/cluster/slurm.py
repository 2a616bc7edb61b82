"""Compiles a model on a SLURM cluster: pip install 'dermc[distributed]' dask-jobqueue, here and on the nodes.

    python slurm.py model.onnx /shared/calib /shared/val

Workers come as SLURM gives nodes, and go when the work is done. What is finished lies in model.parts: where the time of
this job runs out, call it again.
"""

import sys

from dask_jobqueue import SLURMCluster

from dermc import distributed


def cluster() -> SLURMCluster:
    """Jobs of 8 processors; each job is a worker that runs 8 shards at a time."""
    return SLURMCluster(
        cores=8, processes=1, memory="16GB", walltime="04:00:00", job_name="dermc", queue="compute",
        local_directory="/tmp", worker_extra_args=["--lifetime", "225m", "--lifetime-stagger", "5m"],
    )


def main() -> None:
    model, calibration, evaluation = sys.argv[1:]
    with cluster() as workers, workers.get_client() as client:
        workers.adapt(maximum_jobs=32)
        report = distributed.compile(model, calibration, eval=evaluation, scheduler=client, progress=True)
        print(report.bundle.file, report.bundle.bytes, report.accuracy.agreement)


if __name__ == "__main__":
    main()
