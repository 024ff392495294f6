using BeBiDa.Cluster;
using Polly;
using Polly.Retry;

namespace BeBiDa;

/// <summary>Does work on the cluster again, with backoff and jitter, while another try can help.</summary>
/// <remarks>
/// What is refused is tried a few times within two seconds: a webhook may be starting. For longer, a job would wait in vain for
/// one that means it, and the reconciler tries again. A missing right is not granted by asking; but a server that has just
/// started knows no rights yet, so it is asked twice.
/// </remarks>
internal sealed class Retry
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private const int MostRefusals = 5;
    private static readonly TimeSpan BeforeARightCountsAsMissing = TimeSpan.FromSeconds(1);
    private static readonly ResiliencePropertyKey<Action<ClusterException>> Failed = new("failed");
    private static readonly ResiliencePropertyKey<int> Refusals = new("refusals");
    private static readonly ResiliencePropertyKey<bool> WasForbidden = new("forbidden");

    private readonly ResiliencePipeline pipeline;

    /// <summary>Prepares to retry by a clock.</summary>
    public Retry(TimeProvider time) =>
        pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = attempt =>
                        ValueTask.FromResult(attempt.Outcome.Exception is ClusterException e && MayHelp(e, attempt.Context)),
                    MaxRetryAttempts = int.MaxValue,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Delay = First,
                    MaxDelay = Longest,
                    DelayGenerator = attempt => ValueTask.FromResult(attempt.Outcome.Exception is ClusterException e ? Delay(e) : null),
                    OnRetry = attempt =>
                    {
                        if (
                            attempt.Context.Properties.TryGetValue(Failed, out var failed)
                            && attempt.Outcome.Exception is ClusterException e
                        )
                            failed(e);
                        return ValueTask.CompletedTask;
                    },
                }
            )
            .Build();

    /// <summary>Tries until it is done.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="failed">Told of every failed try that is followed by another.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    /// <exception cref="ClusterException">Another try cannot help.</exception>
    public async Task<T> UntilDoneAsync<T>(
        Func<CancellationToken, Task<T>> work,
        Action<ClusterException> failed,
        CancellationToken cancellationToken
    )
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(Failed, failed);
        try
        {
            return await pipeline
                .ExecuteAsync(static async (context, work) => await work(context.CancellationToken).ConfigureAwait(false), context, work)
                .ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static bool MayHelp(ClusterException e, ResilienceContext context)
    {
        var wasForbidden = context.Properties.GetValue(WasForbidden, false);
        context.Properties.Set(WasForbidden, e.Fault == ClusterFault.Forbidden);
        var refusals = context.Properties.GetValue(Refusals, 0);
        context.Properties.Set(Refusals, e.Fault == ClusterFault.Refused ? refusals + 1 : 0);
        return e.Fault switch
        {
            ClusterFault.NotFound => false,
            ClusterFault.Forbidden => !wasForbidden,
            ClusterFault.Refused => refusals < MostRefusals,
            _ => true,
        };
    }

    // Null for the usual backoff.
    private static TimeSpan? Delay(ClusterException e) =>
        e.Fault switch
        {
            ClusterFault.Forbidden => BeforeARightCountsAsMissing,
            _ => e.RetryAfter,
        };
}
