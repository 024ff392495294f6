using System.Globalization;

namespace BeBiDa.Holds;

/// <summary>One job's claim on any node: whose it is.</summary>
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
    /// <param name="cluster">Name of the Slurm cluster: at most 52 of <c>[A-Za-z0-9_.-]</c>, first a letter or digit.</param>
    /// <param name="jobId">The job's number.</param>
    /// <exception cref="FormatException">The cluster's name does not fit.</exception>
    public HoldKey(string cluster, uint jobId)
    {
        if (cluster.Length is 0 or > 52 || !char.IsAsciiLetterOrDigit(cluster[0]) || !cluster.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new FormatException($"'{cluster}' cannot name a cluster in Kubernetes: ClusterName must be 1 to 52 of [A-Za-z0-9_.-] and begin with a letter or digit");
        Cluster = cluster;
        JobId = jobId;
    }

    /// <summary>Name of the Slurm cluster.</summary>
    public string Cluster { get; }

    /// <summary>The job's number.</summary>
    public uint JobId { get; }

    /// <summary>The Server-Side Apply field manager that is this claim.</summary>
    public string FieldManager => string.Create(CultureInfo.InvariantCulture, $"{WellKnownNames.FieldManagerPrefix}{Cluster}/{JobId}");

    /// <summary>The key of the annotation that shows this claim to people.</summary>
    public string Annotation => string.Create(CultureInfo.InvariantCulture, $"{WellKnownNames.HoldAnnotationPrefix}{Cluster}.{JobId}");

    /// <summary>Reads a claim from an annotation's key.</summary>
    /// <returns>Whether the key is one of ours.</returns>
    public static bool TryParseAnnotation(string key, out HoldKey hold)
    {
        hold = default;
        if (!key.StartsWith(WellKnownNames.HoldAnnotationPrefix, StringComparison.Ordinal))
            return false;
        var name = key[WellKnownNames.HoldAnnotationPrefix.Length..];
        var dot = name.LastIndexOf('.');
        if (dot <= 0 || !uint.TryParse(name.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return false;
        try
        {
            hold = new HoldKey(name[..dot], id);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Cluster}.{JobId}");
}
