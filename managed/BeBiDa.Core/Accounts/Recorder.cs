namespace BeBiDa.Accounts;

/// <summary>Decides what becomes a line of the journal: everything at first, then what changes, and now and then that nothing does.</summary>
/// <remarks>Safe to use from many threads.</remarks>
public sealed partial class Recorder
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    // For as long Kubernetes keeps Events, unless its API server was told otherwise, and a little longer.
    private static readonly TimeSpan EventsLast = TimeSpan.FromHours(2);

    private readonly Lock gate = new();
    private readonly RecorderOptions options;
    private readonly IJournal journal;
    private readonly TimeProvider time;
    private readonly PodStays pods;
    private readonly Dictionary<string, SlurmFacts> slurm = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, RecordedNode> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> kubernetesNames = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> slurmNames = new(StringComparer.Ordinal);
    private readonly List<TakenNode> early = [];
    private readonly Dictionary<string, (SlurmFacts Slurm, KubernetesFacts? Kubernetes)> written = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(string Node, string Job, DateTimeOffset Began), long> taken = [];
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly HashSet<string> listed = new(StringComparer.Ordinal);
    private string run = "";
    private DateOnly day;
    private long answered;
    private long lastLine;
    private bool isBroken;

    /// <summary>Begins the journal.</summary>
    /// <param name="options">How it is set.</param>
    /// <param name="journal">Where lines go.</param>
    /// <param name="time">The clock; its timestamps are the host's since it started.</param>
    public Recorder(RecorderOptions options, IJournal journal, TimeProvider time)
    {
        (this.options, this.journal, this.time) = (options, journal, time);
        pods = new PodStays(node => nodes.TryGetValue(node, out var found) && found.Holds.Count > 0, time);
        answered = time.GetTimestamp();
        Begin(isNewRun: true);
    }

    /// <summary>Slurm has told of all its nodes.</summary>
    public void SlurmAnswered(IReadOnlyList<SlurmFacts> all)
    {
        lock (gate)
        {
            answered = time.GetTimestamp();
            foreach (var gone in slurm.Keys.Except(all.Select(n => n.Name), StringComparer.OrdinalIgnoreCase).ToList())
            {
                slurm.Remove(gone);
                if (written.Remove(gone))
                    Write(Line(JournalLine.Gone) with { Node = gone });
            }
            foreach (var node in all)
            {
                slurm[node.Name] = node;
                WriteIfChanged(node.Name);
            }
            Know(Sources.Slurm);
        }
    }

    /// <summary>Slurm has refused to answer.</summary>
    public void SlurmFailed()
    {
        lock (gate)
            Lose(Sources.Slurm);
    }

    /// <summary>Kubernetes has told of all its Nodes.</summary>
    public void NodesListed(IReadOnlyList<RecordedNode> all)
    {
        lock (gate)
        {
            var before = nodes.Values.Select(n => n.SlurmName).ToList();
            nodes.Clear();
            kubernetesNames.Clear();
            foreach (var node in all)
                Put(node);
            foreach (var name in before.Concat(all.Select(n => n.SlurmName)).Distinct(StringComparer.OrdinalIgnoreCase))
                WriteIfChanged(name);
            Listed("nodes");
        }
    }

    /// <summary>A Node is new or has changed.</summary>
    public void NodeChanged(RecordedNode node)
    {
        lock (gate)
        {
            Put(node);
            WriteIfChanged(node.SlurmName);
        }
    }

    /// <summary>A Node is gone.</summary>
    public void NodeGone(string name)
    {
        lock (gate)
            if (nodes.Remove(name, out var node))
            {
                kubernetesNames.Remove(node.SlurmName);
                WriteIfChanged(node.SlurmName);
            }
    }

    /// <summary>Kubernetes has told of all its pods.</summary>
    public void PodsListed(IReadOnlyList<StartedPod> all)
    {
        lock (gate)
        {
            foreach (var node in pods.Listed(all))
                WriteIfChangedOn(node);
            Listed("pods");
        }
    }

    /// <summary>A pod is new or has changed.</summary>
    public void PodChanged(StartedPod pod)
    {
        lock (gate)
            WriteIfChangedOn(pods.Changed(pod));
    }

    /// <summary>A pod is gone.</summary>
    public void PodGone(string uid)
    {
        lock (gate)
            WriteIfChangedOn(pods.Gone(uid));
    }

    /// <summary>What Kubernetes tells of Nodes may be missing something until they are listed again.</summary>
    public void NodesLost() => KubernetesLost("nodes");

    /// <summary>Likewise of pods.</summary>
    public void PodsLost() => KubernetesLost("pods");

    /// <summary>A node was taken for a job; or it is told again.</summary>
    public void NodeTaken(TakenNode hand)
    {
        lock (gate)
            // Of a node that is not known yet, it cannot be said whether it counts.
            if (!known.Contains(Sources.Slurm) || !known.Contains(Sources.Kubernetes))
                early.Add(hand);
            else
                WriteTaken(hand);
    }

    /// <summary>Hand-overs are told of.</summary>
    public void HandOversListed()
    {
        lock (gate)
            Know(Sources.HandOvers);
    }

    /// <summary>They are not, for now.</summary>
    public void HandOversLost()
    {
        lock (gate)
            Lose(Sources.HandOvers);
    }

    /// <summary>Time has passed: to be called every second or so.</summary>
    public void Tick()
    {
        lock (gate)
        {
            if (isBroken || IsOtherDay)
                Begin(isNewRun: isBroken);
            // A reading counts until the next one is due and for as long again, for the answer.
            if (time.GetElapsedTime(answered) > options.Interval * 2)
                Lose(Sources.Slurm);
            WriteEnds(isLast: false);
            if (known.Contains(Sources.Slurm) && known.Contains(Sources.Kubernetes))
            {
                early.ForEach(WriteTaken);
                early.Clear();
            }
            foreach (var old in taken.Where(t => time.GetElapsedTime(t.Value) > EventsLast).Select(t => t.Key).ToList())
                taken.Remove(old);
            if (time.GetElapsedTime(lastLine) >= Heartbeat)
                Write(Line(JournalLine.Alive));
        }
    }

    /// <summary>Writes what is left to say.</summary>
    public void Stop()
    {
        lock (gate)
        {
            WriteEnds(isLast: true);
            Write(Line(JournalLine.Alive));
        }
    }
}
