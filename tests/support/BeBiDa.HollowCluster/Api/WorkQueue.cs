using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Api;

/// <summary>
/// Keys to look at: each at most once in the queue and never twice at the same moment; one that failed comes
/// back after a while.
/// </summary>
public sealed class WorkQueue : IAsyncDisposable
{
    private readonly string _name;
    private readonly Func<string, CancellationToken, Task<TimeSpan?>> _work;
    private readonly ILogger _log;
    private readonly Channel<string> _ready = Channel.CreateUnbounded<string>();
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Dictionary<string, DateTime> _due = [];
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _workers = [];

    /// <param name="name">What the log calls it.</param>
    /// <param name="work">Brings the world of one key in order; says when to look again, if at all.</param>
    /// <param name="log">Where failures go.</param>
    public WorkQueue(string name, Func<string, CancellationToken, Task<TimeSpan?>> work, ILogger log) =>
        (_name, _work, _log) = (name, work, log);

    public void Start(int workers)
    {
        for (var i = _workers.Count; i < workers; i++)
            _workers.Add(Task.Run(() => WorkAsync(_stop.Token)));
    }

    public void Add(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
                _entries[key] = entry = new Entry();
            if (entry.Running)
                entry.Again = true;
            else if (!entry.Queued)
            {
                entry.Queued = true;
                _ready.Writer.TryWrite(key);
            }
        }
    }

    public void AddAfter(string key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        // One waiting time a key, the shortest: what is then found to be early says again how long to wait.
        var due = DateTime.UtcNow + delay;
        lock (_lock)
        {
            if (_due.TryGetValue(key, out var known) && known <= due)
                return;
            _due[key] = due;
        }

        _ = Task.Delay(delay, _stop.Token)
            .ContinueWith(
                _ => OnDue(key, due),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default
            );
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
    }

    private void OnDue(string key, DateTime due)
    {
        lock (_lock)
        {
            if (!_due.TryGetValue(key, out var known) || known != due)
                return;
            _due.Remove(key);
        }

        Add(key);
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var key in _ready.Reader.ReadAllAsync(cancellationToken))
                await WorkOnAsync(key, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
    }

    private async Task WorkOnAsync(string key, CancellationToken cancellationToken)
    {
        Entry entry;
        lock (_lock)
        {
            entry = _entries[key];
            (entry.Queued, entry.Running) = (false, true);
        }

        TimeSpan? again = null;
        try
        {
            again = await _work(key, cancellationToken);
            entry.Failures = 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            entry.Failures++;
            var level = e is ApiException or HttpRequestException or IOException ? LogLevel.Debug : LogLevel.Error;
            _log.Log(
                level,
                level == LogLevel.Error ? e : null,
                "{Queue} {Key}: {Cause}, attempt {Failures}",
                _name,
                key,
                e.Message,
                entry.Failures
            );
            again = Backoff.After(entry.Failures, e);
        }
        finally
        {
            lock (_lock)
            {
                entry.Running = false;
                if (entry.Again)
                {
                    (entry.Again, entry.Queued) = (false, true);
                    _ready.Writer.TryWrite(key);
                }
                else if (entry.Failures == 0)
                    _entries.Remove(key);
            }
        }

        if (again is { } delay)
            AddAfter(key, delay);
    }

    private sealed class Entry
    {
        public bool Queued;
        public bool Running;
        public bool Again;
        public int Failures;
    }
}
