using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Node.Pods;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>Before a job starts on this node: nothing of Kubernetes is left on it.</summary>
internal sealed class Prolog(
    BebidaConfiguration configuration,
    NodeState state,
    IServiceManager services,
    IPodProcesses pods,
    ILeftovers leftovers,
    ILogger logger
)
{
    /// <summary>Stops the services and ends the pods.</summary>
    /// <param name="job">The job.</param>
    /// <param name="notice">What its user is told; empty for nothing.</param>
    /// <param name="environment">What bebida-recover needs of slurmd's environment.</param>
    /// <returns>Why the node is not free, for an admin; null when it is.</returns>
    public string? Run(Job job, string notice, IReadOnlyDictionary<string, string> environment)
    {
        // Whoever holds the lock is stopping or starting services, within their timeouts.
        using var exclusive = state.Lock(configuration.Node.StopTimeout + configuration.Node.StartTimeout);
        state.AddJob(job.Id, notice);
        state.WriteLinger(null);
        state.WriteEnvironment(environment);
        var deadline = new Deadline(configuration.Node.StopTimeout);
        var units = configuration.Node.Services;
        // Check again after each round: something may have started a service.
        while (services.Read(units) is var states && states.Values.Any(unit => !unit.IsDown))
        {
            if (StopAll(job, units, deadline) is { } problem)
                return problem;
            if (deadline.IsOver && services.Read(units).FirstOrDefault(unit => !unit.Value.IsDown) is { Key: { } again })
                return Problems.KeepsRestarting(again);
        }
        if (EndPods(job, deadline) is { } left)
            return left;
        // Clean up only after services that we stopped, and only for the first job: with another one here, nothing new has come.
        return configuration.Node.LeftoverPods == LeftoverPods.Stop && state.ReadStopped().Count > 0 && state.ReadJobs().Count == 1
            ? Clean(job, units, deadline)
            : null;
    }

    private string? StopAll(Job job, IReadOnlyList<string> units, Deadline deadline)
    {
        for (var i = 0; i < units.Count; i++)
        {
            if (Stop(job, units[i], deadline) is { } problem)
                return problem;
            // Without kubelet nothing restarts the pods, and the runtime, which still runs, cleans up after its containers.
            if (i == 0 && EndPods(job, deadline) is { } left)
                return left;
            if (
                i == 0
                && !pods.Exist
                && configuration.Node.LeftoverPods != LeftoverPods.Keep
                && state.ReadStopped().Contains(units[i])
                && state.IsFirst("no-pod-cgroups")
            )
                logger.NoPodCgroups(units[i], string.Join(", ", configuration.Node.PodCgroups));
        }
        return null;
    }

    private string? Stop(Job job, string unit, Deadline deadline)
    {
        var before = services.Read(unit);
        if (before.IsDown)
        {
            if (before.IsMissing)
                logger.NotInstalled(job.Number, unit);
            return null;
        }
        // An admin is stopping it: do not start it after the job.
        if (!before.IsStopping)
        {
            state.AddStopped(unit);
            NoteWhatStopsWith(unit);
        }
        var result = services.Wait(services.Stop(unit), deadline.Left);
        var after = services.Read(unit);
        if (after.IsDown)
        {
            logger.Stopped(job.Number, unit);
            return null;
        }
        return result is null
            ? Problems.StopTimedOut(unit, after, configuration.Node.StopTimeout)
            : Problems.StopFailed(unit, after, result);
    }

    // systemd stops dependent units with this one, and does not start them with it.
    private void NoteWhatStopsWith(string unit)
    {
        var others = services
            .StoppedWith(unit)
            .Except(configuration.Node.Services)
            .Where(name => !name.EndsWith(".scope", StringComparison.Ordinal) && !name.EndsWith(".device", StringComparison.Ordinal))
            .ToList();
        if (others.Count == 0)
            return;
        foreach (var (name, _) in services.Read(others).Where(other => other.Value.IsUp && !other.Value.IsStopping))
            state.AddStopped(name);
    }

    private string? Clean(Job job, IReadOnlyList<string> units, Deadline deadline)
    {
        var groups = units.Select(services.ControlGroup).OfType<string>().ToList();
        if (leftovers.Find(groups) is { Count: > 0 } found)
        {
            logger.LeftoversEnded(job.Number, string.Join(", ", found));
            if (!leftovers.End(groups, Grace(deadline), deadline.Left))
                return Problems.LeftoversSurvive(leftovers.Find(groups));
        }
        var (unmounted, left) = leftovers.Unmount();
        if (unmounted > 0)
            logger.PodsUnmounted(job.Number, unmounted);
        foreach (var mount in left)
            logger.MountStays(job.Number, mount);
        return null;
    }

    private string? EndPods(Job job, Deadline deadline)
    {
        var count = configuration.Node.LeftoverPods == LeftoverPods.Keep ? 0 : pods.Count();
        if (count == 0)
            return null;
        if (configuration.Node.LeftoverPods == LeftoverPods.Freeze)
        {
            logger.PodsFrozen(job.Number, count);
            state.WriteFrozen(configuration.Node.PodCgroups);
            return pods.Freeze(deadline.Left) ? null : Problems.CannotFreeze;
        }
        logger.PodsEnded(job.Number, count);
        return pods.End(Grace(deadline), deadline.Left)
            ? null
            : Problems.PodsSurvive(pods.Count(), configuration.Node.PodCgroups is [var first, ..] ? first : null);
    }

    // Leave time to kill: at most half of what is left.
    private TimeSpan Grace(Deadline deadline)
    {
        var grace = configuration.Eviction.GracePeriod ?? DefaultGrace;
        return grace < deadline.Left / 2 ? grace : deadline.Left / 2;
    }

    // A pod's own, where it says nothing (terminationGracePeriodSeconds in the API reference).
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(30);
}
