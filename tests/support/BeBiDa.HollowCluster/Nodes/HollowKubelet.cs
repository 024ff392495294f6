using System.Collections.Concurrent;
using BeBiDa.Hollow.Api;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Nodes;

/// <summary>
/// A kubelet without a machine: registers its node, keeps the lease, reports its pods as running, and takes them
/// away after their grace. Part of <see cref="HollowKubelets"/>, which brings the watch and the connections.
/// </summary>
public sealed class HollowKubelet
{
    private static readonly TimeSpan s_graceOfForgotten = TimeSpan.FromSeconds(2);

    private readonly HollowKubelets _all;
    private readonly int _index;
    private readonly ConcurrentDictionary<string, PodLife> _lives = new();
    private int _addresses;
    private DateTime _readySince;
    private DateTime _statusReported;
    private volatile bool _running;

    internal HollowKubelet(HollowKubelets all, HollowNode node, int index) => (_all, Node, _index) = (all, node, index);

    public HollowNode Node { get; }

    public string Name => Node.Name;

    /// <summary>The uid of the Node object, once registered.</summary>
    public string? Uid { get; private set; }

    public bool IsRunning => _running;

    /// <summary>Starts it as `systemctl start kubelet` would: the node is registered or adopted, and then Ready.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                await RegisterAsync(cancellationToken);
                break;
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                _all.Log.LogDebug("{Node}: not registered ({Cause}), attempt {Failures}", Name, e.Message, failures);
                await Task.Delay(Backoff.After(failures, e), cancellationToken);
            }
        }

        _running = true;
        _all.Wake(this);
    }

    /// <summary>Stops it as `systemctl stop kubelet` would: its pods stay as they are, and nobody renews the lease.</summary>
    public void Stop() => _running = false;

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        V1Node registered;
        try
        {
            registered = await _all.Api.CreateAsync(Resources.Nodes.All, NodeObject.Of(Node), cancellationToken);
        }
        catch (ApiException e) when (e.IsConflict)
        {
            registered = await _all.Api.MergeAsync<V1Node>(
                Resources.Nodes.At(null, Name),
                new { metadata = new { labels = NodeObject.Labels(Node) } },
                cancellationToken
            );
        }

        Uid = registered.Metadata.Uid;
        _readySince = DateTime.UtcNow;
        await ReportStatusAsync(cancellationToken);
        await RenewLeaseAsync(registered, cancellationToken);
    }

    internal async Task<TimeSpan?> BeatAsync(CancellationToken cancellationToken)
    {
        if (!_running)
            return null;
        // As a kubelet does: a pod may go by force in the very moment in which its process starts.
        await _all.EndOthersAsync(s_graceOfForgotten, cancellationToken);
        if (_all.Nodes.Find(Name) is not { } node)
            return _all.Options.LeaseRenewal;

        await RenewLeaseAsync(node, cancellationToken);
        var ready = NodeObject.IsReady(node);
        if (!ready && DateTime.UtcNow - _statusReported > TimeSpan.FromSeconds(1))
            _readySince = DateTime.UtcNow;
        if (!ready || DateTime.UtcNow - _statusReported > _all.Options.StatusReport)
            await ReportStatusAsync(cancellationToken);
        return _all.Options.LeaseRenewal;
    }

    private async Task ReportStatusAsync(CancellationToken cancellationToken)
    {
        await _all.Api.StrategicMergeAsync<V1Node>(
            Resources.Nodes.At(null, Name, "status"),
            new { status = NodeObject.Status(Node, _readySince) },
            cancellationToken
        );
        _statusReported = DateTime.UtcNow;
    }

    private async Task RenewLeaseAsync(V1Node node, CancellationToken cancellationToken)
    {
        var lease = NodeObject.Lease(node, DateTime.UtcNow);
        try
        {
            await _all.Api.MergeAsync<V1Lease>(
                Resources.Leases.Of(lease),
                new { spec = new V1LeaseSpec { RenewTime = lease.Spec.RenewTime } },
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsGone)
        {
            await _all.Api.CreateAsync(Resources.Leases.In(NodeObject.LeaseNamespace), lease, cancellationToken);
        }
    }

    internal async Task<TimeSpan?> SyncAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (!_running)
            return null;
        if (pod.Metadata.DeletionTimestamp is not null)
            return await EndAsync(pod, cancellationToken);
        if (PodStatus.IsFinished(pod))
            return null;

        var life = LifeOf(pod);
        if (life.FinishReported)
            return null;
        if (life.StartsAt - DateTime.UtcNow is { } left && left > TimeSpan.Zero)
            return left;
        if (life.StartsAt is not null)
            (life.Started, life.StartsAt) = (DateTime.UtcNow, null);
        if (_all.Processes is { } processes)
            await RunProcessAsync(processes, pod, life);

        var reportedReady = pod.Status?.Phase == "Running" ? PodStatus.IsReady(pod) : life.RunningReported;
        if (!life.RunningReported || !reportedReady)
        {
            await ReportAsync(pod, PodStatus.Running(pod, Node.Address, life.Ip, life.Started, life.Restarts), cancellationToken);
            life.RunningReported = true;
        }

        return await FinishAsync(pod, life, cancellationToken);
    }

    // The pod is gone from the API, by force if its process still runs: a kubelet ends what it finds no pod for, also of an
    // earlier kubelet's pod that it has not come to yet.
    internal void Forget(V1Pod pod)
    {
        var process = _lives.TryRemove(pod.Metadata.Uid, out var life) ? life.Process : _all.Processes?.Find(pod);
        if (process is { Exited.IsCompleted: false } && life?.ProcessEnd is null)
            _ = process.EndAsync(s_graceOfForgotten, CancellationToken.None);
    }

    private PodLife LifeOf(V1Pod pod) =>
        _lives.GetOrAdd(
            pod.Metadata.Uid,
            _ =>
            {
                // A kubelet that starts again finds the pods of the one before.
                var adopted = pod.Status is { Phase: "Running", StartTime: not null };
                return new PodLife
                {
                    Ip = adopted && pod.Status!.PodIP is { } ip ? ip : NextAddress(),
                    Started = adopted ? pod.Status!.StartTime!.Value : DateTime.UtcNow,
                    RunningReported = adopted,
                    Adopted = adopted,
                    StartsAt = adopted ? null : DateTime.UtcNow + PodAnnotations.Seconds(pod, PodAnnotations.StartSeconds),
                    Restarts = pod.Status?.ContainerStatuses?.Max(container => (int?)container.RestartCount) ?? 0,
                };
            }
        );

    private async Task RunProcessAsync(IPodProcesses processes, V1Pod pod, PodLife life)
    {
        if (life is { Adopted: true, Process: null })
        {
            // What ended while no kubelet looked was killed, as far as anyone can tell.
            life.Process = processes.Find(pod) ?? new LostProcess();
            life.Adopted = false;
            _all.WakeAfter(life.Process.Exited, pod);
        }

        if (life.Process is { Exited.IsCompleted: true } ended && Restarts(pod, await ended.Exited))
        {
            life.Process = null;
            life.Restarts++;
            life.RunningReported = false;
            life.Started = DateTime.UtcNow;
        }

        if (life.Process is null)
        {
            life.Process = processes.Start(pod);
            _all.WakeAfter(life.Process.Exited, pod);
        }
    }

    private async Task<TimeSpan?> FinishAsync(V1Pod pod, PodLife life, CancellationToken cancellationToken)
    {
        var exitCode = 0;
        if (life.Process is { } process)
        {
            if (!process.Exited.IsCompleted)
                return null;
            exitCode = await process.Exited;
        }
        else if (PodAnnotations.RunTime(pod) is { } time)
        {
            var left = life.Started + time - DateTime.UtcNow;
            if (left > TimeSpan.Zero)
                return left;
        }
        else
            return null;

        await ReportAsync(pod, PodStatus.Finished(pod, exitCode, life.Started, DateTime.UtcNow, life.Restarts), cancellationToken);
        life.FinishReported = true;
        return null;
    }

    private async Task<TimeSpan?> EndAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (PodAnnotations.IgnoresTermination(pod))
            return null;

        var life = LifeOf(pod);
        if (life is { Adopted: true, Process: null })
            life.Process = _all.Processes?.Find(pod);
        var now = DateTime.UtcNow;
        var grace = TimeSpan.FromSeconds(pod.Metadata.DeletionGracePeriodSeconds ?? 30);
        if (life.Process is { } process)
        {
            if (life.ProcessEnd is null)
            {
                life.ProcessEnd = process.EndAsync(grace, cancellationToken);
                _all.WakeAfter(life.ProcessEnd, pod);
            }

            if (!life.ProcessEnd.IsCompleted)
                return null;
        }
        else
        {
            // A second delete may shorten the grace, never lengthen it.
            var takes = PodAnnotations.Seconds(pod, PodAnnotations.TerminationSeconds) ?? _all.Options.Termination;
            var end = now + (takes < grace ? takes : grace);
            life.EndsAt = life.EndsAt < end ? life.EndsAt : end;
            if (life.EndsAt > now)
                return life.EndsAt - now;
        }

        await _all.Api.DeleteAsync(
            Resources.Pods.Of(pod),
            new V1DeleteOptions
            {
                GracePeriodSeconds = 0,
                Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid },
            },
            cancellationToken
        );
        return null;
    }

    private async Task ReportAsync(V1Pod pod, V1PodStatus status, CancellationToken cancellationToken)
    {
        try
        {
            await _all.Api.StrategicMergeAsync<V1Pod>(
                Resources.Pods.Of(pod, "status"),
                new { metadata = new { uid = pod.Metadata.Uid }, status },
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsGone)
        {
            // Deleted by force in the meantime; the watch will say so.
        }
    }

    private static bool Restarts(V1Pod pod, int exitCode) =>
        pod.Spec.RestartPolicy is null or "Always" || (pod.Spec.RestartPolicy == "OnFailure" && exitCode != 0);

    private string NextAddress()
    {
        var host = Interlocked.Increment(ref _addresses) % 254 + 1;
        return $"10.{64 + _index / 256}.{_index % 256}.{host}";
    }

    private sealed class LostProcess : IPodProcess
    {
        public Task<int> Exited { get; } = Task.FromResult(137);

        public Task EndAsync(TimeSpan grace, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
