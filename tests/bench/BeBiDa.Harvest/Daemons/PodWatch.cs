using System.Diagnostics;
using System.Globalization;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;

namespace BeBiDa.Harvest.Daemons;

/// <summary>Notes by a watch, to the millisecond, when each pod came to its node, began, and ended; a look each second is too coarse for pods of seconds.</summary>
internal sealed class PodWatch
{
    private readonly Dictionary<string, PodLife> _lives = [];
    private readonly long _origin = Stopwatch.GetTimestamp();

    public PodWatch(Informer<V1Pod> pods)
    {
        Origin = DateTimeOffset.UtcNow;
        pods.Changed += OnChanged;
    }

    /// <summary>The moment from which the lives' moments count.</summary>
    public DateTimeOffset Origin { get; }

    /// <summary>A pod of this name has a node, or is gone without one.</summary>
    public event Action<string>? Bound;

    /// <summary>A pod's work is done.</summary>
    public event Action<V1Pod>? Finished;

    /// <summary>A pod is gone before its work was done.</summary>
    public event Action<PodLife>? Cut;

    /// <summary>How many pods have a node now.</summary>
    public int OnNodes
    {
        get
        {
            lock (_lives)
                return _lives.Values.Count(pod => pod.Ended is null);
        }
    }

    /// <summary>All pods that ever had a node, with moments from another origin on.</summary>
    public IReadOnlyList<PodLife> Lives(DateTimeOffset origin)
    {
        var shift = origin - Origin;
        lock (_lives)
            return PodLife.InSlots(
                _lives.Values.Select(pod =>
                    pod with
                    {
                        Bound = pod.Bound - shift,
                        Started = pod.Started - shift,
                        Told = pod.Told - shift,
                        Ended = pod.Ended - shift,
                    }
                )
            );
    }

    private void OnChanged(V1Pod? before, V1Pod? after)
    {
        var now = Stopwatch.GetElapsedTime(_origin);
        var pod = after ?? before!;
        if (pod.Spec.NodeName is not { Length: > 0 } node)
        {
            if (after is null)
                Bound?.Invoke(pod.Metadata.Name);
            return;
        }
        PodLife life;
        lock (_lives)
        {
            var was = _lives.GetValueOrDefault(pod.Metadata.Uid);
            if (was is { Ended: not null })
                return;
            life =
                was
                ?? new PodLife(
                    pod.Metadata.Name,
                    node,
                    0,
                    now,
                    null,
                    null,
                    null,
                    PodEnd.Stays,
                    Of(pod, PodAnnotations.RunSeconds),
                    Of(pod, PodQueue.StepSeconds)
                );
            _lives[pod.Metadata.Uid] = life = Next(life, after, now);
        }
        Bound?.Invoke(life.Name);
        if (life.End == PodEnd.Done)
            Finished?.Invoke(pod);
        else if (life.End == PodEnd.Cut)
            Cut?.Invoke(life);
    }

    // Who is told to end has lost, whatever it reports after.
    private static PodLife Next(PodLife life, V1Pod? after, TimeSpan now)
    {
        if (after is null)
            return life with { Ended = now, End = PodEnd.Cut };
        if (after.Metadata.DeletionTimestamp is not null)
            return life with { Told = life.Told ?? now };
        return after.Status?.Phase switch
        {
            "Running" => life with { Started = life.Started ?? now },
            "Succeeded" => life with { Started = life.Started ?? now - life.Length, Ended = now, End = PodEnd.Done },
            "Failed" => life with { Ended = now, End = PodEnd.Cut },
            _ => life,
        };
    }

    private static TimeSpan Of(V1Pod pod, string annotation) =>
        TimeSpan.FromSeconds(
            double.Parse(
                pod.Metadata.Annotations?[annotation] ?? throw new InvalidOperationException($"{pod.Metadata.Name} is none of ours"),
                CultureInfo.InvariantCulture
            )
        );
}
