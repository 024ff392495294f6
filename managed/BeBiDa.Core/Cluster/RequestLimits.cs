namespace BeBiDa.Cluster;

/// <summary>Kinds of requests to the API server.</summary>
public enum RequestKind
{
    /// <summary>Everything that no other kind names.</summary>
    Other,

    /// <summary>A patch of a Node: a hold or a release.</summary>
    NodeWrite,

    /// <summary>An eviction of a pod.</summary>
    Eviction,

    /// <summary>A list of pods.</summary>
    PodList,

    /// <summary>The opening of a watch of pods.</summary>
    PodWatch,

    /// <summary>A read of what a kubelet says of its node.</summary>
    Heartbeat,
}

/// <summary>A limit for one kind of request.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Share">Which part of <c>kubernetes.maxInFlight</c> it may use.</param>
/// <param name="StopsInOutage">Whether the circuit breaker holds it back while the API server answers nobody.</param>
/// <param name="Why">Why it has a limit, for whoever changes it.</param>
public sealed record RequestLimit(RequestKind Kind, double Share, bool StopsInOutage, string Why)
{
    /// <summary>How many may be in flight at once.</summary>
    /// <param name="maxInFlight">The site's <c>kubernetes.maxInFlight</c>.</param>
    public int AtOnce(int maxInFlight) => Math.Max(1, (int)(maxInFlight * Share));
}

/// <summary>Every limit on requests. A site sets one of them, <c>kubernetes.maxInFlight</c>; the others follow from it or are fixed.</summary>
/// <remarks>The shares overlap: a request takes a slot of its kind, then one of all. Writes to one Node also go one after the other (KeyedLock).</remarks>
public static class RequestLimits
{
    /// <summary>The shares of <c>kubernetes.maxInFlight</c>.</summary>
    public static IReadOnlyList<RequestLimit> Shares { get; } =
    [
        new(RequestKind.Other, 1, false, "There is no reason to limit it further."),
        new(
            RequestKind.NodeWrite,
            1 / 4.0,
            true,
            "Writes to Nodes keep the API server's processors busy: more at once end no sooner and delay other clients."
        ),
        new(RequestKind.Eviction, 7 / 8.0, false, "Evictions can hang in a webhook of the pods' owner: an eighth is left for the rest."),
        new(RequestKind.PodList, 1 / 2.0, true, "A job lists the pods of each of its nodes: many jobs' lists must not delay holds."),
        new(RequestKind.PodWatch, 1 / 4.0, false, "A proxy that buffers answers lets each opening hang: those must not delay the rest."),
        new(RequestKind.Heartbeat, 1 / 4.0, true, "Each node that waits for its kubelet is read every second, and no job waits for that."),
    ];

    /// <summary>Watches of pods that may be open, so that any number of jobs costs bounded memory here and at the API server.</summary>
    public const int OpenPodWatches = 512;

    /// <summary>Watches of pods that one job may open; a job of more nodes follows all pods of the cluster in one.</summary>
    public const int OpenPodWatchesOfAJob = OpenPodWatches / 4;

    /// <summary>Events that are written at once: jobs wait for other requests, but never for these.</summary>
    public const int EventWrites = 4;

    /// <summary>Requests of an admin's command that installs or reads credentials, which asks for little.</summary>
    public const int AdminRequests = 8;

    /// <summary>Questions to slurmctld: a thousand jobs that end at once must not ask it a thousand times at once.</summary>
    public const int SlurmQueries = 2;

    /// <summary>Evictions of one node's pods: a node whose evictions hang must not keep a job's other nodes waiting.</summary>
    /// <param name="maxInFlight">The site's <c>kubernetes.maxInFlight</c>.</param>
    /// <returns>How many at first, and how many at most once they are answered.</returns>
    public static (int First, int Most) EvictionsOfANode(int maxInFlight)
    {
        var least = Math.Min(2, maxInFlight);
        return (Math.Max(least, maxInFlight / 4), Math.Max(least, maxInFlight / 2));
    }

    /// <summary>The limit of a kind.</summary>
    public static RequestLimit Of(RequestKind kind) => Shares.Single(limit => limit.Kind == kind);
}
