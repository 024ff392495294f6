namespace BeBiDa.Accounts;

/// <content>The lines.</content>
public sealed partial class Recorder
{
    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    // A clock that is set back a little does not lead back to a file that is complete. One that was days ahead does when it is set
    // right: a reader leaves out files of days that are far from those it is asked for.
    private bool IsOtherDay => Today > day || Today.AddDays(1) < day;

    private void Begin(bool isNewRun)
    {
        if (isNewRun)
            run = Guid.NewGuid().ToString("N")[..12];
        if (IsOtherDay)
            day = Today;
        isBroken = false;
        written.Clear();
        Write(
            Line(JournalLine.Start) with
            {
                Version = JournalLine.CurrentVersion,
                Boot = options.Boot,
                Interval = Round(options.Interval),
            }
        );
        foreach (var name in slurm.Keys)
            WriteIfChanged(name);
        foreach (var source in known)
            Write(Line(JournalLine.Back) with { Source = source });
    }

    private void Put(RecordedNode node)
    {
        nodes[node.Name] = node;
        kubernetesNames[node.SlurmName] = node.Name;
        slurmNames[node.Name] = node.SlurmName;
    }

    private void WriteIfChangedOn(string? kubernetesNode)
    {
        if (kubernetesNode is not null && nodes.TryGetValue(kubernetesNode, out var node))
            WriteIfChanged(node.SlurmName);
    }

    private void WriteIfChanged(string name)
    {
        if (!slurm.TryGetValue(name, out var facts))
            return;
        var now = (facts, kubernetesNames.TryGetValue(name, out var found) ? Facts(nodes[found]) : null);
        var isNew = !written.TryGetValue(name, out var before);
        if (!isNew && before == now)
            return;
        written[facts.Name] = now;
        Write(
            Line(JournalLine.Changed) with
            {
                Node = facts.Name,
                Slurm = facts.State,
                Partitions = isNew || before.Slurm.Partitions != facts.Partitions ? facts.Partitions : null,
                Kubernetes = now.Item2,
            }
        );
    }

    private KubernetesFacts Facts(RecordedNode node)
    {
        var (all, tolerating) = pods.On(node.Name);
        return new KubernetesFacts(node.Ready, node.Unschedulable, string.Join(',', node.Holds.Select(h => h.Key)), all, tolerating);
    }

    private void WriteEnds(bool isLast)
    {
        foreach (var end in pods.Ends(isLast))
            if (SlurmNameOf(end.Node) is { } name)
                Write(Line(JournalLine.PodLeft) with { Node = name, Evicted = end.Evicted, Seconds = Round(end.Lived) });
    }

    private void WriteTaken(TakenNode hand)
    {
        if (
            !hand.Job.IsJob
            || SlurmNameOf(hand.Node) is not { } name
            || !taken.TryAdd((hand.Node, hand.Job.ToString(), hand.Began), time.GetTimestamp())
        )
            return;
        // At the deadline the job has been answered, and the rest was done in the background.
        var waited = hand.Ended - hand.Began < options.Deadline ? hand.Ended - hand.Began : options.Deadline;
        Write(Line(JournalLine.Taken) with { Node = name, Job = hand.Job.ToString(), Began = hand.Began, Seconds = Round(waited) });
    }

    // Also of a Node that is gone: kubernetes.removeNode deletes it as soon as its pods have left.
    private string? SlurmNameOf(string kubernetesNode) =>
        slurmNames.TryGetValue(kubernetesNode, out var name) && slurm.TryGetValue(name, out var facts) ? facts.Name : null;

    private void KubernetesLost(string what)
    {
        lock (gate)
        {
            listed.Remove(what);
            Lose(Sources.Kubernetes);
        }
    }

    private void Listed(string what)
    {
        listed.Add(what);
        if (listed.Count == 2)
            Know(Sources.Kubernetes);
    }

    private void Know(string source)
    {
        if (known.Add(source))
            Write(Line(JournalLine.Back) with { Source = source });
    }

    private void Lose(string source)
    {
        if (known.Remove(source))
            Write(Line(JournalLine.Away) with { Source = source });
    }

    private JournalLine Line(string happened)
    {
        var now = time.GetUtcNow();
        return new JournalLine(
            now - TimeSpan.FromTicks(now.Ticks % TimeSpan.TicksPerMillisecond),
            Round(TimeSpan.FromSeconds((double)time.GetTimestamp() / time.TimestampFrequency)),
            run,
            happened
        );
    }

    private void Write(JournalLine line)
    {
        // What could not be written leaves a hole: after it, all is told again, by a run of its own.
        if (isBroken)
            return;
        isBroken = !journal.Append(day, line);
        lastLine = time.GetTimestamp();
    }

    private static double Round(TimeSpan span) => Math.Round(span.TotalSeconds, 3);
}
