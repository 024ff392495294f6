using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;

namespace BeBiDa.Kubernetes;

/// <summary>Spares an API server that answers nobody: one request at a time probes whether it has recovered, and the others wait.</summary>
/// <remarks>
/// Only for what every hand-over needs: holds and lists of pods. An eviction that hangs blames a webhook rather than the
/// server, and must not keep other jobs from their nodes.
/// </remarks>
internal sealed class CircuitBreaker
{
    // In a row, without one success: a server that restarts, or sheds load, answers some.
    private const int Failures = 20;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstBreak = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestBreak = TimeSpan.FromSeconds(1);

    private readonly Backoff breaks = new(FirstBreak, LongestBreak);
    private readonly ResiliencePipeline pipeline;

    public CircuitBreaker(TimeProvider time, ILogger logger) =>
        pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions
                {
                    ShouldHandle = attempt =>
                        ValueTask.FromResult(
                            attempt.Outcome.Exception is ClusterException { Fault: ClusterFault.Unavailable or ClusterFault.Throttled }
                        ),
                    FailureRatio = 1,
                    MinimumThroughput = Failures,
                    SamplingDuration = Window,
                    BreakDurationGenerator = _ => ValueTask.FromResult(breaks.Next()),
                    OnClosed = _ =>
                    {
                        breaks.Reset();
                        return ValueTask.CompletedTask;
                    },
                    OnOpened = opened =>
                    {
                        logger.CircuitOpened(Failures, Duration.Format(opened.BreakDuration));
                        return ValueTask.CompletedTask;
                    },
                }
            )
            .Build();

    /// <summary>Does a request, unless the server is to be spared.</summary>
    /// <exception cref="ClusterException">As the request; or <see cref="ClusterFault.Unavailable"/> without it, with the time after which to ask again.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await pipeline
                .ExecuteAsync(static async (request, token) => await request(token).ConfigureAwait(false), request, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (BrokenCircuitException e)
        {
            var after = e.RetryAfter is { } given && given > FirstBreak ? given : FirstBreak;
            throw new ClusterException(
                ClusterFault.Unavailable,
                $"not sent: the API server has answered none of the last {Failures} requests ({e.InnerException?.Message})",
                // Requests that waited together must not come back together.
                after * (1 + (Random.Shared.NextDouble() / 2)),
                e
            );
        }
    }
}
