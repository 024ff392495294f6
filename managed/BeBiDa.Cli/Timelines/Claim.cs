namespace BeBiDa.Cli.Timelines;

/// <summary>One job's time on one node, from the moment that it was asked for to the moment that Kubernetes had it back.</summary>
/// <param name="Node">Slurm's name of the node.</param>
/// <param name="Job">The job.</param>
/// <param name="Asked">When its hold was asked for; null when that was before what is known.</param>
/// <param name="Taken">When its pods had left; null while they have not.</param>
/// <param name="Leaving">When the job began to end; null while it runs.</param>
/// <param name="Released">When Kubernetes had the node back; null while it has not.</param>
/// <param name="Note">What was said of it, for people.</param>
internal sealed record Claim(
    string Node,
    string Job,
    DateTimeOffset? Asked,
    DateTimeOffset? Taken,
    DateTimeOffset? Leaving,
    DateTimeOffset? Released,
    string Note
)
{
    /// <summary>Whether it concerns a node at a time.</summary>
    public bool Covers(DateTimeOffset time) => (Asked ?? DateTimeOffset.MinValue) <= time && time < (Released ?? DateTimeOffset.MaxValue);

    /// <summary>Whether the job has the node then, and neither pods nor the job itself are on their way out.</summary>
    public bool Owns(DateTimeOffset time) =>
        Covers(time)
        && (Taken ?? (Asked is null ? DateTimeOffset.MinValue : DateTimeOffset.MaxValue)) <= time
        && time < (Leaving ?? DateTimeOffset.MaxValue);

    /// <summary>When something changes.</summary>
    public IEnumerable<DateTimeOffset> Changes => new[] { Asked, Taken, Leaving, Released }.OfType<DateTimeOffset>();

    /// <summary>Puts what was told of single hand-overs together: each node's and job's, in the order of time.</summary>
    /// <remarks>
    /// What is missing is believed to have been: a job whose end is not told of has the node still; one whose beginning is
    /// not had it before. A second beginning without an end between (a reconciler that holds again) goes on with the first.
    /// </remarks>
    public static IReadOnlyList<Claim> Of(IEnumerable<HandOverMoment> moments)
    {
        var claims = new List<Claim>();
        foreach (var own in moments.GroupBy(m => (m.Node, m.Job)))
        {
            Claim? open = null;
            foreach (var moment in own.OrderBy(m => m.Began).ThenBy(m => m.Ended ?? DateTimeOffset.MaxValue))
                if (moment.Decommission)
                {
                    open ??= new Claim(moment.Node, moment.Job, moment.Began, moment.Ended, null, null, moment.Note);
                    open = open with { Taken = open.Taken ?? moment.Ended };
                }
                else
                {
                    // A job that was cancelled while its nodes were being taken has never had them.
                    open ??= new Claim(moment.Node, moment.Job, null, null, null, null, "");
                    open = open with
                    {
                        Leaving = moment.Began,
                        Released = moment.Ended,
                        Note = open.Note.Length == 0 ? moment.Note : $"{open.Note}\n{moment.Note}",
                    };
                    claims.Add(open);
                    open = null;
                }
            if (open is not null)
                claims.Add(open);
        }
        return claims;
    }
}
