using BeBiDa.Lab;

namespace BeBiDa.Footprint;

/// <summary>Many jobs that do nothing.</summary>
public static class ShortJobs
{
    /// <summary>A Slurm that takes them quickly: a deep queue is looked at whole, and a job that is over is forgotten.</summary>
    public static SlurmOptions ForShortJobs(this SlurmOptions slurm, int atMost = 20_000) =>
        slurm with
        {
            ExtraConfiguration =
            [
                .. slurm.ExtraConfiguration,
                $"MaxJobCount={2 * atMost}",
                $"MaxArraySize={atMost + 1}",
                "MinJobAge=2",
                $"SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0,default_queue_depth={atMost},bf_max_job_test={atMost}",
            ],
        };

    /// <summary>Submits that many as one array, and returns when the last of them is over and forgotten.</summary>
    public static async Task RunAsync(
        SlurmCluster slurm,
        int count,
        TimeSpan patience,
        Action<int>? left = null,
        string partition = SlurmCluster.SharedPartition,
        CancellationToken cancellationToken = default
    )
    {
        await slurm.SubmitAsync(
            [$"--array=1-{count}", "--partition", partition, "--output=/dev/null", "--wrap", "true"],
            cancellationToken
        );
        await GoneAsync(slurm, patience, left, cancellationToken);
    }

    /// <summary>Waits until slurmctld knows no job that is not over.</summary>
    public static Task GoneAsync(
        SlurmCluster slurm,
        TimeSpan patience,
        Action<int>? left = null,
        CancellationToken cancellationToken = default
    )
    {
        var last = -1;
        return Eventually.HoldsAsync(
            "all jobs are over",
            patience,
            async cancel =>
            {
                // Not more often: squeue keeps slurmctld from its work.
                if (last >= 0)
                    await Task.Delay(TimeSpan.FromMilliseconds(500), cancel);
                var listed = (await slurm.RunAsync("squeue", ["-h", "-r", "-o", "%i"], cancel)).EnsureSucceeded();
                last = listed.StandardOutput.Count(c => c == '\n');
                left?.Invoke(last);
                return last == 0;
            },
            cancellationToken,
            () => $"{last} are not."
        );
    }
}
