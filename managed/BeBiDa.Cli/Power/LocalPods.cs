using BeBiDa.Configuration;
using BeBiDa.Node.Pods;

namespace BeBiDa.Cli.Power;

/// <summary>The pods of this host, as their processes show them: it may have no credential to ask Kubernetes.</summary>
internal static class LocalPods
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until no pod's process is left. Who has them leave is slurmctld's plugin, which sees that Slurm reboots the node.</summary>
    /// <returns>How many were left after <c>slurm.powerTimeout</c>, for people; null where none were.</returns>
    public static async Task<string?> WaitAsync(BebidaConfiguration configuration, CancellationToken cancellationToken)
    {
        var pods = new PodCgroups(configuration.Node.PodCgroups);
        var began = TimeProvider.System.GetTimestamp();
        var timeout = configuration.Slurm.PowerTimeout;
        for (int left; (left = pods.Count()) > 0; await Task.Delay(Pause, cancellationToken).ConfigureAwait(false))
            if (TimeProvider.System.GetElapsedTime(began) >= timeout)
                return $"after slurm.powerTimeout ({Duration.Format(timeout)}), {left} processes of pods are still there; those of DaemonSets end with the machine";
        return null;
    }
}
