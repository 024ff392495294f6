using Microsoft.Extensions.Logging;

namespace BeBiDa.Reconciliation;

/// <summary>Reconciles when slurmctld has started, and from then on again and again.</summary>
public sealed class PeriodicReconciliation : IAsyncDisposable
{
    // After its start, slurmctld reads its state before it answers; and Kubernetes may be back any moment.
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(200);

    // A look reads all holds and all jobs. Looks on demand take at most a tenth of the time.
    private const int Rest = 9;

    private readonly Func<CancellationToken, Task<ReconcileResult>> repair;
    private readonly TimeSpan interval;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly string work;
    private readonly TimeSpan patience;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;
    private TaskCompletionSource wanted = New();

    /// <summary>Starts at once.</summary>
    /// <param name="repair">Repairs what differs, within bounds of its own.</param>
    /// <param name="interval">How long to wait from one end to the next beginning.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log when repairs fail, and when they succeed again.</param>
    /// <param name="work">What the log calls it, at the beginning of a sentence.</param>
    /// <param name="patience">For how long it may fail before the log tells: slurmctld answers nobody while it reads slurm.conf again.</param>
    public PeriodicReconciliation(
        Func<CancellationToken, Task<ReconcileResult>> repair,
        TimeSpan interval,
        TimeProvider time,
        ILogger logger,
        string work = "reconciliation",
        TimeSpan patience = default
    )
    {
        this.work = work;
        this.patience = patience;
        this.repair = repair;
        this.interval = interval;
        this.time = time;
        this.logger = logger;
        running = Task.Run(RunAsync);
    }

    /// <summary>Has it look again soon: something has happened that may need repair.</summary>
    public void LookSoon() => Volatile.Read(ref wanted).TrySetResult();

    /// <summary>Stops, wherever it is.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        var told = false;
        var succeededBefore = false;
        var failing = time.GetTimestamp();
        for (var pauses = new Backoff(FirstPause, interval); ; )
        {
            var began = time.GetTimestamp();
            var problem = await ProblemAsync().ConfigureAwait(false);
            var ended = time.GetTimestamp();
            var rest = time.GetElapsedTime(began, ended) * Rest;
            if (problem is null)
                failing = ended;
            // Until slurmctld and Kubernetes have answered for the first time, both may just be starting.
            if (problem is not null && !told && time.GetElapsedTime(failing, ended) >= (succeededBefore ? patience : LongestStart))
            {
                logger.WorkFailed(work, problem);
                told = true;
            }
            else if (problem is null && told)
            {
                logger.WorkRecovered(work);
                told = false;
            }
            else if (problem is not null)
            {
                logger.WorkRetried(work, problem);
            }
            succeededBefore |= problem is null;
            await PauseAsync(problem is null ? Jittered(interval) : pauses.Next(), ended, rest).ConfigureAwait(false);
            if (problem is null)
                pauses.Reset();
        }
    }

    private async Task PauseAsync(TimeSpan pause, long ended, TimeSpan rest)
    {
        try
        {
            await wanted.Task.WaitAsync(pause, time, stop.Token).ConfigureAwait(false);
            // Never later than if nobody had wanted it.
            var left = (rest < pause ? rest : pause) - time.GetElapsedTime(ended);
            // A thousand nodes that come are looked at together.
            await Task.Delay(left > Together ? left : Together, time, stop.Token).ConfigureAwait(false);
            Volatile.Write(ref wanted, New());
        }
        catch (TimeoutException)
        {
            // Nobody wanted it sooner.
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // A backup slurmctld must not look at the same moments.
    private static TimeSpan Jittered(TimeSpan pause) => pause * (0.9 + 0.1 * Random.Shared.NextDouble());

    private async Task<string?> ProblemAsync()
    {
        try
        {
            var result = await repair(stop.Token).ConfigureAwait(false);
            return result.Succeeded
                ? null
                : result.Problem ?? string.Join("; ", result.Outcomes.Select(o => o.Problem).OfType<string>().Take(5));
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // A bug of ours must not end the repairs of everything else.
            return $"unexpected internal error, please report it: {e}";
        }
    }
}
