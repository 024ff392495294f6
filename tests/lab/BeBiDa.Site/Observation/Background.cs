namespace BeBiDa.Site.Observation;

/// <summary>Steps that are repeated, each on its own, until this is disposed of; an error in one is thrown then.</summary>
public sealed class Background : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    public Background(params IReadOnlyList<Func<CancellationToken, Task>> steps) =>
        running = Task.WhenAll(steps.Select(step => Task.Run(() => RepeatAsync(step))));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task RepeatAsync(Func<CancellationToken, Task> step)
    {
        try
        {
            while (!stop.IsCancellationRequested)
                await step(stop.Token);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Told to.
        }
    }
}
