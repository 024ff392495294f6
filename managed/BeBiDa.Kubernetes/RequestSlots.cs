using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <summary>Keeps requests within <see cref="RequestLimits"/>: each waits for a slot of its kind, then for one of all.</summary>
internal sealed class RequestSlots(int maxInFlight) : IDisposable
{
    private readonly SemaphoreSlim all = new(maxInFlight);
    private readonly Dictionary<RequestKind, SemaphoreSlim> shares = RequestLimits
        .Shares.Where(limit => limit.Kind != RequestKind.Other)
        .ToDictionary(limit => limit.Kind, limit => new SemaphoreSlim(limit.AtOnce(maxInFlight)));

    /// <summary>Sends a request when there is a slot for it.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="request">Sends it; the slot is free again when this has ended.</param>
    /// <param name="cancellationToken">Ends the wait for a slot.</param>
    public Task<T> RunAsync<T>(RequestKind kind, Func<Task<T>> request, CancellationToken cancellationToken) =>
        shares.TryGetValue(kind, out var share)
            ? RunAsync(share, () => RunAsync(all, request, cancellationToken), cancellationToken)
            : RunAsync(all, request, cancellationToken);

    public void Dispose()
    {
        all.Dispose();
        foreach (var share in shares.Values)
            share.Dispose();
    }

    private static async Task<T> RunAsync<T>(SemaphoreSlim slots, Func<Task<T>> request, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await request().ConfigureAwait(false);
        }
        finally
        {
            slots.Release();
        }
    }
}
