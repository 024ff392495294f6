using BeBiDa.Holds;
using BeBiDa.Kubernetes;

namespace BeBiDa.Cli.Timelines;

/// <summary>One node's hand-over, from whoever tells of it.</summary>
/// <param name="Node">Slurm's name of the node.</param>
/// <param name="Job">The job: its number, or cluster and number.</param>
/// <param name="Decommission">Which way.</param>
/// <param name="Began">When it began.</param>
/// <param name="Ended">When it was done; null while it is not.</param>
/// <param name="Note">What was said of it, for people.</param>
internal sealed record HandOverMoment(string Node, string Job, bool Decommission, DateTimeOffset Began, DateTimeOffset? Ended, string Note)
{
    /// <summary>As an Event tells of it.</summary>
    /// <param name="from">The Event.</param>
    /// <param name="node">Slurm's name of the node.</param>
    public static HandOverMoment Of(HandOverEvent from, string node) =>
        new(node, from.Job.ToString(), from.Decommission, from.Began, from.Ended, from.Message);

    /// <summary>As a hold tells that is there now; nobody says when its pods had left.</summary>
    /// <param name="hold">The hold.</param>
    /// <param name="node">Slurm's name of the node.</param>
    /// <param name="podsLeft">Whether its pods have left.</param>
    /// <param name="now">The time.</param>
    public static HandOverMoment Of(Hold hold, string node, bool podsLeft, DateTimeOffset now) =>
        new(node, hold.Key.ToString(), true, hold.Since ?? now, podsLeft ? hold.Since ?? now : null, "held now");
}
