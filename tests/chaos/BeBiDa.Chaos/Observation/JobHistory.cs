using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>A job, or a task of an array, as one answer of squeue shows it.</summary>
/// <param name="Id">Its own number.</param>
/// <param name="Task">Which task of its array it is; as squeue says it where it is none.</param>
/// <param name="Name">The name that it was submitted under.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="Start">When Slurm says that it started: another time after it was requeued.</param>
/// <param name="Nodes">Its nodes.</param>
public sealed record JobRow(int Id, string Task, string Name, JobState State, string Start, IReadOnlyList<string> Nodes);

/// <summary>
/// What is certain of the jobs. An answer of squeue shows what was at some moment between question and answer; so a job that
/// two answers show running, since the same start, has been running from the first answer to the second question.
/// </summary>
public sealed class JobHistory
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Name, string Task), Life> lives = [];
    private readonly List<CertainRun> runs = [];
    private readonly Dictionary<(int Job, string Start), Open> running = [];

    /// <summary>One answer, with all jobs that slurmctld knows.</summary>
    public void Answered(DateTimeOffset asked, DateTimeOffset answered, IReadOnlyList<JobRow> rows)
    {
        lock (gate)
        {
            foreach (var row in rows)
            {
                var before = lives.GetValueOrDefault((row.Name, row.Task));
                lives[(row.Name, row.Task)] = new Life(row, before?.Last.State == row.State ? before.Since : answered, answered);
            }
            var now = rows.Where(row => row.State == JobState.Running).ToDictionary(row => (row.Id, row.Start));
            foreach (var gone in running.Keys.Where(key => !now.ContainsKey(key)).ToList())
                Close(gone);
            foreach (var (key, row) in now)
            {
                if (running.TryGetValue(key, out var open) && open.Nodes.SequenceEqual(row.Nodes))
                    running[key] = open with { LastAsked = asked };
                else
                {
                    Close(key);
                    running[key] = new Open(answered, asked, row.Nodes);
                }
            }
        }
    }

    /// <summary>Every time in which a job is known to have run on a node.</summary>
    public IReadOnlyList<CertainRun> Runs()
    {
        lock (gate)
            return [.. runs, .. running.SelectMany(open => Certain(open.Key.Job, open.Value))];
    }

    /// <summary>The tasks of a submission, as they were seen last.</summary>
    public IReadOnlyList<Life> Of(string name)
    {
        lock (gate)
            return [.. lives.Where(life => life.Key.Name == name).Select(life => life.Value)];
    }

    private void Close((int Job, string Start) key)
    {
        if (running.Remove(key, out var open))
            runs.AddRange(Certain(key.Job, open));
    }

    private static IEnumerable<CertainRun> Certain(int job, Open open) =>
        open.LastAsked <= open.FirstAnswered
            ? []
            : open.Nodes.Select(node => new CertainRun(job, node, new Window(open.FirstAnswered, open.LastAsked)));

    private sealed record Open(DateTimeOffset FirstAnswered, DateTimeOffset LastAsked, IReadOnlyList<string> Nodes);
}

/// <summary>A job as it was seen last, and since when it has been in that state.</summary>
public sealed record Life(JobRow Last, DateTimeOffset Since, DateTimeOffset LastSeen);
