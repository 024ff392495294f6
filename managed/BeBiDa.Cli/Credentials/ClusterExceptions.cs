using BeBiDa.Cluster;

namespace BeBiDa.Cli.Credentials;

internal static class ClusterExceptions
{
    /// <summary>Whether the server knows who asks, and does not let them (403).</summary>
    public static bool IsForbidden(this ClusterException e) => e.Fault == ClusterFault.Refused && e.Message.Contains(": 403 ", StringComparison.Ordinal);
}
