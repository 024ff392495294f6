using BeBiDa.Cluster;
using Polly;
using Polly.Retry;

namespace BeBiDa;

/// <summary>Does work on the cluster again, with backoff and jitter, while another try can help.</summary>
internal sealed class Retry
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private static readonly ResiliencePropertyKey<Action<ClusterException>> Failed = new("failed");

    private readonly ResiliencePipeline pipeline;

    /// <summary>Prepares to retry by a clock.</summary>
    public Retry(TimeProvider time) =>
        pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is ClusterException { IsTransient: true }),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = First,
                MaxDelay = Longest,
                DelayGenerator = attempt => ValueTask.FromResult((attempt.Outcome.Exception as ClusterException)?.RetryAfter),
                OnRetry = attempt =>
                {
                    if (attempt.Context.Properties.TryGetValue(Failed, out var failed) && attempt.Outcome.Exception is ClusterException e)
                        failed(e);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();

    /// <summary>Tries until it is done.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="failed">Told of every failed try that is followed by another.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    /// <exception cref="ClusterException">Another try cannot help.</exception>
    public async Task<T> UntilDoneAsync<T>(Func<CancellationToken, Task<T>> work, Action<ClusterException> failed, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(Failed, failed);
        try
        {
            return await pipeline.ExecuteAsync(
                static async (context, work) => await work(context.CancellationToken).ConfigureAwait(false),
                context,
                work).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
