using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>Knows when Slurm's daemons are meant to run, and notes each that has ended all the same.</summary>
public sealed class ControllerWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly SlurmCluster slurm;
    private readonly Lock gate = new();
    private readonly List<string> crashes = [];
    private readonly HashSet<string> down = [];
    private readonly Background background;
    private int era;
    private bool up = true;

    public ControllerWatch(SlurmCluster slurm)
    {
        this.slurm = slurm;
        background = new Background(LookAsync);
    }

    /// <summary>Counts the times in which slurmctld is meant to be up; null between two.</summary>
    public int? Era
    {
        get
        {
            lock (gate)
                return up ? era : null;
        }
    }

    /// <summary>Daemons that ended without being told to.</summary>
    public IReadOnlyList<string> Crashes
    {
        get
        {
            lock (gate)
                return [.. crashes];
        }
    }

    /// <summary>From now on slurmctld may be away, until it is <see cref="Up"/>.</summary>
    public void Down()
    {
        lock (gate)
            up = false;
    }

    /// <summary>It is there again.</summary>
    public void Up()
    {
        lock (gate)
        {
            up = true;
            era++;
        }
    }

    /// <summary>From now on a node's slurmd may be away, or no more.</summary>
    public void Node(string name, bool isDown)
    {
        lock (gate)
            _ = isDown ? down.Add(name) : down.Remove(name);
    }

    public ValueTask DisposeAsync() => background.DisposeAsync();

    private async Task LookAsync(CancellationToken stop)
    {
        lock (gate)
        {
            if (up && !slurm.Controller.IsRunning)
            {
                // Until someone starts it again it is down, and that is one crash.
                up = false;
                crashes.Add($"{DateTimeOffset.UtcNow:HH:mm:ss.fff}: slurmctld has ended by itself");
            }
            foreach (var node in slurm.Nodes.Where(node => !down.Contains(node) && !slurm.NodeDaemon(node).IsRunning))
            {
                down.Add(node);
                crashes.Add($"{DateTimeOffset.UtcNow:HH:mm:ss.fff}: slurmd of {node} has ended by itself");
            }
        }
        await Task.Delay(Pause, stop);
    }
}
