namespace BeBiDa.Chaos.Load;

/// <summary>
/// What slurmctld has not written down yet is lost when it is killed, and that is Slurm's own doing: so nobody submits,
/// cancels or requeues just then.
/// </summary>
public sealed class Gate
{
    private readonly Lock gate = new();
    private int inside;
    private TaskCompletionSource opened = Done();
    private TaskCompletionSource left = Done();

    /// <summary>When someone was let through last.</summary>
    public DateTimeOffset LastLeft { get; private set; } = DateTimeOffset.UtcNow;

    /// <summary>Does something that slurmctld has to remember, once it may.</summary>
    /// <param name="action">What.</param>
    /// <param name="cancellationToken">Ends the waiting before the gate.</param>
    public async Task<T> ThroughAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        try
        {
            return await action();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Lets nobody in any more, and returns when nobody is inside.</summary>
    public Task CloseAsync()
    {
        lock (gate)
        {
            opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            left = inside == 0 ? Done() : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return left.Task;
        }
    }

    /// <summary>Lets everyone in.</summary>
    public void Open()
    {
        lock (gate)
            opened.TrySetResult();
    }

    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (opened.Task.IsCompleted)
                {
                    inside++;
                    return;
                }
                wait = opened.Task;
            }
            await wait.WaitAsync(cancellationToken);
        }
    }

    private void Leave()
    {
        lock (gate)
        {
            LastLeft = DateTimeOffset.UtcNow;
            if (--inside == 0)
                left.TrySetResult();
        }
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
