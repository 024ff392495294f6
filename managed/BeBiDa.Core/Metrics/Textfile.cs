using Microsoft.Extensions.Logging;

namespace BeBiDa.Metrics;

/// <summary>Keeps a file current from which node_exporter's textfile collector tells Prometheus.</summary>
/// <remarks>
/// The file is replaced as a whole, as the collector asks (github.com/prometheus/node_exporter, "Textfile Collector"); what
/// it is made of does not end in .prom, so the collector never reads it. One loop, on a thread of the pool only while it
/// writes: a file system that hangs stops this file and nothing else.
/// </remarks>
public sealed class Textfile : IAsyncDisposable
{
    /// <summary>How often it is written at most.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>How often it is written when nothing was counted: gauges move too, and the file's age shows that slurmctld is alive.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    // slurmctld's end does not wait for a disk.
    private static readonly TimeSpan LastWrite = TimeSpan.FromMilliseconds(300);

    private readonly string path;
    private readonly Exposition exposition;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;
    private bool told;

    /// <summary>Starts to write.</summary>
    /// <param name="path">The file; its folder must be there, and writable.</param>
    /// <param name="exposition">What stands in it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told once of what keeps it from being written, and when it is again.</param>
    public Textfile(string path, Exposition exposition, TimeProvider time, ILogger logger)
    {
        this.path = path;
        this.exposition = exposition;
        this.time = time;
        this.logger = logger;
        running = Task.Run(RunAsync);
    }

    /// <summary>Writes once more, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.WaitAsync(LastWrite).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Pace, time);
        Write();
        var written = time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
            {
                if (!exposition.Changed && time.GetElapsedTime(written) < Heartbeat)
                    continue;
                Write();
                written = time.GetTimestamp();
            }
        }
        catch (OperationCanceledException)
        {
            Write();
        }
    }

#pragma warning disable CA1416 // There is no slurmctld for Windows.
    private void Write()
    {
        try
        {
            var draft = $"{path}.tmp";
            // Deleted and made anew: nobody's link is followed, whoever may write to the folder.
            File.Delete(draft);
            using (
                var file = new FileStream(
                    draft,
                    new FileStreamOptions
                    {
                        Mode = FileMode.CreateNew,
                        Access = FileAccess.Write,
                        UnixCreateMode = Mode,
                    }
                )
            )
            {
                // Whatever the process's umask is: node_exporter has a user of its own.
                File.SetUnixFileMode(file.SafeFileHandle, Mode);
                using var writer = new StreamWriter(file);
                writer.Write(exposition.Write());
            }
            File.Move(draft, path, overwrite: true);
            if (told)
                logger.TextfileRecovered(path);
            told = false;
        }
        catch (Exception e)
        {
            // Whatever it is, it is the picture that suffers and not a job.
            if (!told)
                logger.TextfileNotWritten(path, e.Message);
            told = true;
        }
    }
#pragma warning restore CA1416
}
