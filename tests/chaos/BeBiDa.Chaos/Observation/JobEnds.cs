using BeBiDa.Chaos.Adversities;
using BeBiDa.Chaos.Load;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>How the jobs ended, beside how they should have.</summary>
public sealed class JobEnds
{
    // For how long after a daemon was back Slurm may still be sorting out what became of its jobs.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    private readonly List<string> lost = [];
    private readonly List<string> stuck = [];
    private readonly List<string> wrong = [];
    private readonly List<string> excused = [];

    public JobEnds(IReadOnlyList<Submission> submissions, JobFollower jobs, Timeline timeline)
    {
        foreach (var (job, at) in submissions)
        {
            var lives = jobs.History.Of(job.Name);
            if (lives.Count < job.Tasks)
                lost.Add($"{job.Name} ({job.Fate}), submitted {at:HH:mm:ss.fff}: {lives.Count} of {job.Tasks} were seen");
            foreach (var life in lives)
                Judge(job, at, life, jobs.LastAnswer, timeline);
        }
    }

    /// <summary>Jobs that slurmctld knows no more, and whose end nobody saw.</summary>
    public IReadOnlyList<string> Lost => lost;

    /// <summary>Jobs that have not ended.</summary>
    public IReadOnlyList<string> Stuck => stuck;

    /// <summary>Jobs that did not end as their fate says.</summary>
    public IReadOnlyList<string> Wrong => wrong;

    /// <summary>The same, where daemons of Slurm's were killed or restarted while the job was there.</summary>
    public IReadOnlyList<string> Excused => excused;

    private void Judge(PlannedJob job, DateTimeOffset at, Life life, DateTimeOffset lastAnswer, Timeline timeline)
    {
        var what =
            $"job {life.Last.Id} {job.Name} ({job.Fate}) on {string.Join(',', life.Last.Nodes)}, submitted {at:HH:mm:ss.fff}: {life.Last.State} since {life.Since:HH:mm:ss.fff}";
        if (!life.Last.State.IsOver())
            (life.LastSeen < lastAnswer ? lost : stuck).Add(what);
        else if (life.Last.State != (job.Fate == Fate.Cancelled ? JobState.Cancelled : JobState.Completed))
            (timeline.SlurmSuffered(new Window(at - Aftermath, life.Since)) ? excused : wrong).Add(what);
    }
}
