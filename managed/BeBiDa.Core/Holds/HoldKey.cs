using System.Globalization;

namespace BeBiDa.Holds;

/// <summary>One claim on any node: whose it is, a job's or a standing holder's.</summary>
/// <remarks>
/// The claim is a Server-Side Apply field manager and an annotation of the same name; so it must fit both:
/// a manager has at most 128 printable characters, the name part of an annotation's key at most 63 of
/// <c>[A-Za-z0-9_.-]</c> that begin and end with a letter or digit (kubernetes.io/docs, "Labels and annotations").
/// </remarks>
public readonly record struct HoldKey
{
    /// <summary>The cluster's name where Slurm does not say one.</summary>
    public const string DefaultCluster = "cluster";

    /// <summary>Names a claim.</summary>
    /// <param name="cluster">Name of the cluster: at most 52 of <c>[A-Za-z0-9_.-]</c>, first a letter or digit; 41 where there is a task.</param>
    /// <param name="jobId">The job's number.</param>
    /// <param name="task">Which task of an array, where they share one number, as with Grid Engine and Torque; null otherwise.</param>
    /// <exception cref="FormatException">The cluster's name does not fit.</exception>
    public HoldKey(string cluster, uint jobId, uint? task = null)
    {
        if (
            cluster.Length == 0
            || cluster.Length > (task is null ? 52 : 41)
            || !char.IsAsciiLetterOrDigit(cluster[0])
            || !cluster.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        )
            throw new FormatException(
                $"'{cluster}' cannot name a cluster in Kubernetes: ClusterName must be 1 to {(task is null ? 52 : 41)} of [A-Za-z0-9_.-] and begin with a letter or digit"
            );
        Cluster = cluster;
        JobId = jobId;
        Task = task;
    }

    /// <summary>Names a standing claim.</summary>
    /// <param name="cluster">Name of the cluster, as above.</param>
    /// <param name="holder">One of <see cref="Holders"/>.</param>
    /// <exception cref="FormatException">One of the two does not fit.</exception>
    public HoldKey(string cluster, string holder)
        : this(cluster, 0)
    {
        if (!Holders.IsName(holder))
            throw new FormatException($"'{holder}' cannot name the holder of a node");
        Holder = holder;
    }

    /// <summary>Who holds apart from jobs; null for a job.</summary>
    public string? Holder { get; }

    /// <summary>Whether it is a job's.</summary>
    public bool IsJob => Holder is null;

    /// <summary>Whose it is, in a sentence: <c>job 42</c>, or a standing holder's name.</summary>
    public string ForPeople => Holder ?? $"job {Job}";

    /// <summary>Name of the cluster: Slurm's, or what another resource manager's is called.</summary>
    public string Cluster { get; }

    /// <summary>The job's number; 0 for a standing claim.</summary>
    public uint JobId { get; }

    /// <summary>Which task of an array; null where each has a number of its own, as with Slurm.</summary>
    public uint? Task { get; }

    /// <summary>The job as it is written everywhere: its number, and after an underscore its task; or the standing holder's name.</summary>
    public string Job => Holder ?? FormatJob(JobId, Task);

    /// <summary>The Server-Side Apply field manager that is this claim.</summary>
    public string FieldManager => string.Create(CultureInfo.InvariantCulture, $"{WellKnownNames.FieldManagerPrefix}{Cluster}/{Job}");

    /// <summary>The key of the annotation that shows this claim to people.</summary>
    public string Annotation => string.Create(CultureInfo.InvariantCulture, $"{WellKnownNames.HoldAnnotationPrefix}{Cluster}.{Job}");

    /// <summary>Reads a claim from an annotation's key.</summary>
    /// <returns>Whether the key is one of ours.</returns>
    public static bool TryParseAnnotation(string key, out HoldKey hold)
    {
        hold = default;
        if (!key.StartsWith(WellKnownNames.HoldAnnotationPrefix, StringComparison.Ordinal))
            return false;
        var name = key[WellKnownNames.HoldAnnotationPrefix.Length..];
        var dot = name.LastIndexOf('.');
        if (dot <= 0)
            return false;
        try
        {
            if (TryParseJob(name.AsSpan(dot + 1), out var id, out var task))
                hold = new HoldKey(name[..dot], id, task);
            else if (Holders.IsName(name.AsSpan(dot + 1)))
                hold = new HoldKey(name[..dot], name[(dot + 1)..]);
            else
                return false;
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Reads a job as <see cref="Job"/> writes it: <c>42</c>, or <c>42_7</c> for a task.</summary>
    /// <returns>Whether it is one.</returns>
    public static bool TryParseJob(ReadOnlySpan<char> text, out uint jobId, out uint? task)
    {
        task = null;
        var underscore = text.IndexOf('_');
        if (underscore >= 0)
        {
            if (!uint.TryParse(text[(underscore + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                jobId = 0;
                return false;
            }
            task = number;
            text = text[..underscore];
        }
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out jobId);
    }

    /// <summary>Writes a job and its task.</summary>
    public static string FormatJob(uint jobId, uint? task) =>
        task is { } number
            ? string.Create(CultureInfo.InvariantCulture, $"{jobId}_{number}")
            : jobId.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string ToString() => $"{Cluster}.{Job}";
}
