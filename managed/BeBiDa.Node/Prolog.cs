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
    /// <param name="surroundings">What whoever gives the node back without an epilog needs of slurmd's environment.</param>
    /// <returns>Why the node is not free, for an admin; null when it is.</returns>
    public string? Run(Job job, string notice, IReadOnlyDictionary<string, string> surroundings)
    {
        // Whoever has the lock is stopping or starting something, within its own limits.
        using var exclusive = state.Lock(configuration.Node.StopTimeout + configuration.Node.StartTimeout);
        state.AddJob(job.Id, notice);
        state.WriteSurroundings(surroundings);
        var deadline = new Deadline(configuration.Node.StopTimeout);
        var units = configuration.Node.Services;
        // Once more after each round, for what was started meanwhile.
        while (services.Read(units) is var states && states.Values.Any(unit => !unit.IsDown))
        {
            if (StopAll(job, units, deadline) is { } problem)
                return problem;
            if (deadline.IsOver && services.Read(units).FirstOrDefault(unit => !unit.Value.IsDown) is { Key: { } again })
                return $"{again} is started again and again while it is stopped; see journalctl -u {again}, then resume the node";
        }
        if (EndPods(job, deadline) is { } left)
            return left;
        // Of services that were not stopped for a job nothing is ours to end; and while other jobs have the node, nothing has come.
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
            // With kubelet gone nobody starts them again, and a runtime that is still up cleans up after its containers.
            if (i == 0 && EndPods(job, deadline) is { } left)
                return left;
            if (
                i == 0
                && !pods.Exist
                && configuration.Node.LeftoverPods != LeftoverPods.Keep
                && state.ReadStopped().Contains(units[i])
                && state.IsNews("no-pod-cgroups")
            )
                logger.LogError(
                    "{Unit} ran and none of node.podCgroups ({Groups}) exists: pods that outlive it elsewhere are not ended; write the cgroup of its pods there (systemd-cgls shows it; kubelet's --cgroup-root moves it)",
                    units[i],
                    string.Join(", ", configuration.Node.PodCgroups)
                );
        }
        return null;
    }

    private string? Stop(Job job, string unit, Deadline deadline)
    {
        var before = services.Read(unit);
        if (before.IsDown)
        {
            if (before.IsMissing)
                logger.LogDebug("job {Job}: {Unit} is not installed here (node.services)", job.Id, unit);
            return null;
        }
        // What an admin is stopping at this moment is not ours to start again.
        if (!before.IsStopping)
        {
            state.AddStopped(unit);
            NoteWhatStopsWith(unit);
        }
        var result = services.Wait(services.Stop(unit), deadline.Left);
        var after = services.Read(unit);
        if (after.IsDown)
        {
            logger.LogInformation("job {Job}: {Unit} stopped", job.Id, unit);
            return null;
        }
        return result is null
            ? $"{unit} has not stopped within {Duration.Format(configuration.Node.StopTimeout)} ({after.Active}, {after.Sub}); see systemctl status {unit}, then resume the node"
            : $"{unit} does not stop: {result} ({after.Active}, {after.Sub}); see journalctl -u {unit}, then resume the node";
    }

    // systemd stops them for their dependency, and starts none of them when it is back.
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
            logger.LogInformation("job {Job}: ended, as they have outlived their services: {Processes}", job.Id, string.Join(", ", found));
            if (!leftovers.End(groups, Grace(deadline), deadline.Left))
                return $"{string.Join(", ", leftovers.Find(groups))} have outlived their services and do not end, not even when killed; see systemd-cgls, then resume the node";
        }
        var (unmounted, left) = leftovers.Unmount();
        if (unmounted > 0)
            logger.LogInformation("job {Job}: {Count} volumes of pods in memory are unmounted", job.Id, unmounted);
        foreach (var volume in left)
            logger.LogError(
                "job {Job}: a volume of a pod stays in memory beside the job, it cannot be unmounted: {Volume}",
                job.Id,
                volume
            );
        return null;
    }

    private string? EndPods(Job job, Deadline deadline)
    {
        var count = configuration.Node.LeftoverPods == LeftoverPods.Keep ? 0 : pods.Count();
        if (count == 0)
            return null;
        if (configuration.Node.LeftoverPods == LeftoverPods.Freeze)
        {
            logger.LogInformation("job {Job}: {Count} processes of pods are frozen (node.leftoverPods)", job.Id, count);
            state.WriteFrozen(configuration.Node.PodCgroups);
            return pods.Freeze(deadline.Left) ? null : "pods on it cannot be frozen (node.leftoverPods); is there a freezer cgroup?";
        }
        logger.LogInformation("job {Job}: {Count} processes of pods are ended", job.Id, count);
        return pods.End(Grace(deadline), deadline.Left)
            ? null
            : $"{pods.Count()} processes of pods do not end, not even when killed; see systemd-cgls {configuration.Node.PodCgroups.FirstOrDefault()}, then resume the node";
    }

    // One that leaves no time to kill would be a grace without an end.
    private TimeSpan Grace(Deadline deadline)
    {
        var grace = configuration.Eviction.GracePeriod ?? DefaultGrace;
        return grace < deadline.Left / 2 ? grace : deadline.Left / 2;
    }

    // A pod's own, where it says nothing (terminationGracePeriodSeconds in the API reference).
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(30);
}
