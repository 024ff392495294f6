using BeBiDa.Lab;

namespace BeBiDa.Footprint;

/// <summary>
/// Nodes without a machine: for Slurm they are in a cloud, so that slurmctld allocates them at once and then waits for them
/// to boot, which they never do. A job on them sees slurmctld's hooks with all its nodes, and ends when it is cancelled.
/// </summary>
public static class FarNodes
{
    /// <summary>The partition that has them all, and none but them.</summary>
    public const string Partition = "far";

    /// <summary>A Slurm that has f1, f2, … as well, with that many jobs at once on each.</summary>
    public static SlurmOptions WithFarNodes(this SlurmOptions slurm, int count, int jobsAtOnce = 1) =>
        slurm with
        {
            ExtraConfiguration =
            [
                .. slurm.ExtraConfiguration,
                $"NodeName=f[1-{count}] NodeAddr=127.0.0.1 Port=9 CPUs=1 State=CLOUD",
                $"PartitionName={Partition} Nodes=f[1-{count}] OverSubscribe=FORCE:{jobsAtOnce}",
                // What would start and stop the machines; they are to be started once, and never stopped.
                "ResumeProgram=/bin/true",
                "SuspendProgram=/bin/true",
                "ResumeTimeout=65000",
                "SuspendTimeout=1",
                "SuspendTime=86400",
                "ResumeRate=0",
            ],
        };

    /// <summary>The names of that many far nodes.</summary>
    public static IEnumerable<string> Names(int count) => Enumerable.Range(1, count).Select(i => $"f{i}");
}
