namespace BeBiDa.Holds;

/// <summary>Who holds a node apart from jobs: the standing holds.</summary>
/// <remarks>
/// Such a name takes the place of a job's number, and must never be taken for one: it has at most 10 characters, all of them
/// lower-case letters. A cluster's name may have 52 of the 63 characters of an annotation's name.
/// </remarks>
public static class Holders
{
    /// <summary>A maintenance reservation that holds now or soon.</summary>
    public const string Maintenance = "maint";

    /// <summary>The node is FAIL or FAILING.</summary>
    public const string Fail = "fail";

    /// <summary>The node is DOWN.</summary>
    public const string Down = "down";

    /// <summary>The node is DRAIN for a reason that counts here.</summary>
    public const string Drain = "drain";

    /// <summary>The node is about to reboot.</summary>
    public const string Reboot = "reboot";

    /// <summary>Power saving: the node is powered down, on the way there, or on the way back.</summary>
    public const string Power = "power";

    /// <summary>A job has left the node, and its kubelet has not reported to Kubernetes since.</summary>
    public const string Return = "return";

    /// <summary>A job has left the node, which is kept for the next one.</summary>
    public const string Linger = "linger";

    /// <summary>Slurm plans to start a job on the node soon.</summary>
    public const string Planned = "planned";

    /// <summary>The site keeps some idle nodes with Slurm.</summary>
    public const string Policy = "policy";

    private const int Longest = 10;

    /// <summary>All that this release writes.</summary>
    public static IReadOnlyList<string> All { get; } = [Maintenance, Fail, Down, Drain, Reboot, Power, Return, Linger, Planned, Policy];

    /// <summary>Whether a text may name a holder, of this release or another.</summary>
    public static bool IsName(ReadOnlySpan<char> text) => text.Length is > 0 and <= Longest && !text.ContainsAnyExceptInRange('a', 'z');
}
