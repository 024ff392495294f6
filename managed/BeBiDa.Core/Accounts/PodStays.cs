using BeBiDa.Cluster;
using BeBiDa.Draining;

namespace BeBiDa.Accounts;

/// <summary>A pod, and when its kubelet took it.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Started">When its kubelet took it; null while it has not.</param>
public sealed record StartedPod(Pod Pod, DateTimeOffset? Started);

/// <summary>A pod that has left a node.</summary>
/// <param name="Node">Kubernetes' name of the node.</param>
/// <param name="Evicted">Whether it was evicted; otherwise it ended by itself.</param>
/// <param name="Lived">How long it had been there.</param>
internal sealed record PodEnd(string Node, bool Evicted, TimeSpan Lived);

/// <summary>The pods that count, as they come and go.</summary>
/// <param name="isHeld">Whether a node has a hold of ours now.</param>
/// <param name="time">The clock.</param>
internal sealed class PodStays(Func<string, bool> isHeld, TimeProvider time)
{
    // The watches of Nodes and of pods are two: a node's hold may be seen a little after a pod that left for it.
    private static readonly TimeSpan WatchesDiffer = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Stay> stays = new(StringComparer.Ordinal);
    private readonly Queue<(Stay Stay, TimeSpan Lived, long Ended)> ended = new();
    private readonly Dictionary<string, (int Pods, int Tolerating)> counts = new(StringComparer.Ordinal);

    /// <summary>How many pods a node has, and how many of them tolerate a hold.</summary>
    public (int Pods, int Tolerating) On(string node) => counts.GetValueOrDefault(node);

    /// <summary>Takes in all pods.</summary>
    /// <returns>The nodes with other pods than before.</returns>
    public IReadOnlyCollection<string> Listed(IReadOnlyList<StartedPod> pods)
    {
        var touched = new HashSet<string>(StringComparer.Ordinal);
        var there = pods.Select(p => p.Pod.Uid).ToHashSet(StringComparer.Ordinal);
        foreach (var (uid, stay) in stays.Where(s => !there.Contains(s.Key)).ToList())
            touched.Add(End(uid, stay, isDeletion: true));
        foreach (var pod in pods)
            if (See(pod, isListed: true) is { } node)
                touched.Add(node);
        return touched;
    }

    /// <summary>Takes in a pod that is new or has changed.</summary>
    /// <returns>Its node, if that has other pods now.</returns>
    public string? Changed(StartedPod pod) => See(pod, isListed: false);

    /// <summary>Takes in that a pod is gone.</summary>
    /// <returns>Its node, if that has other pods now.</returns>
    public string? Gone(string uid) => stays.TryGetValue(uid, out var stay) ? End(uid, stay, isDeletion: true) : null;

    /// <summary>The pods that have left, as soon as it is known why.</summary>
    /// <param name="isLast">Whether there is no later time to ask.</param>
    public IEnumerable<PodEnd> Ends(bool isLast = false)
    {
        while (ended.TryPeek(out var next) && (isLast || time.GetElapsedTime(next.Ended) >= WatchesDiffer))
        {
            ended.Dequeue();
            var evicted = next.Stay.IsDeleted && (next.Stay.WasHeld || isHeld(next.Stay.Node));
            yield return new PodEnd(next.Stay.Node, evicted, next.Lived);
        }
    }

    private string? See(StartedPod seen, bool isListed)
    {
        var pod = seen.Pod;
        if (!stays.TryGetValue(pod.Uid, out var stay))
        {
            if (!DrainRules.MustLeave(pod))
                return null;
            // Wall-clock times of others count only for what was before we looked.
            var age = isListed && seen.Started is { } started ? time.GetUtcNow() - started : TimeSpan.Zero;
            stay = new Stay(pod.Node, pod.ToleratesUnschedulable, age > TimeSpan.Zero ? age : TimeSpan.Zero, time.GetTimestamp());
            stays[pod.Uid] = stay;
            Count(stay, 1);
            Delete(pod, stay);
            return stay.Node;
        }
        Delete(pod, stay);
        return DrainRules.MustLeave(pod) ? null : End(pod.Uid, stay, isDeletion: false);
    }

    private void Delete(Pod pod, Stay stay)
    {
        if (pod.DeletionTimestamp is null || stay.IsDeleted)
            return;
        stay.IsDeleted = true;
        stay.WasHeld = isHeld(stay.Node);
    }

    private string End(string uid, Stay stay, bool isDeletion)
    {
        stays.Remove(uid);
        Count(stay, -1);
        stay.IsDeleted |= isDeletion;
        stay.WasHeld |= isHeld(stay.Node);
        ended.Enqueue((stay, stay.AgeAtFirst + time.GetElapsedTime(stay.FirstSeen), time.GetTimestamp()));
        return stay.Node;
    }

    private void Count(Stay stay, int more)
    {
        var (pods, tolerating) = On(stay.Node);
        pods += more;
        if (pods == 0)
            counts.Remove(stay.Node);
        else
            counts[stay.Node] = (pods, tolerating + (stay.Tolerates ? more : 0));
    }

    private sealed class Stay(string node, bool tolerates, TimeSpan ageAtFirst, long firstSeen)
    {
        public string Node { get; } = node;

        public bool Tolerates { get; } = tolerates;

        public TimeSpan AgeAtFirst { get; } = ageAtFirst;

        public long FirstSeen { get; } = firstSeen;

        /// <summary>Whether its deletion has begun.</summary>
        public bool IsDeleted { get; set; }

        /// <summary>Whether its node had a hold when its deletion began, or when it was gone.</summary>
        public bool WasHeld { get; set; }
    }
}
