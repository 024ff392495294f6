using BeBiDa.Cli.Slurm;

namespace BeBiDa.Cli.Checks;

/// <summary>Whose host this is.</summary>
internal enum HostRole
{
    /// <summary>slurmctld's.</summary>
    Controller,

    /// <summary>A slurmd's.</summary>
    Node,
}

/// <summary>Finds out whose host this is, from what is there.</summary>
internal static class HostRoles
{
    /// <summary>The roles of this host: one, both or none.</summary>
    public static async Task<IReadOnlyList<HostRole>> FindAsync(SlurmConf? conf, CancellationToken cancellationToken)
    {
        var roles = new List<HostRole>();
        if (DaemonProcess.Runs("slurmctld") || conf?.All("SlurmctldHost").Any(host => IsThis(host.Value.Split('(')[0])) == true)
            roles.Add(HostRole.Controller);
        if (DaemonProcess.Runs("slurmd") || await IsNodeAsync(conf, cancellationToken).ConfigureAwait(false))
            roles.Add(HostRole.Node);
        return roles;
    }

    private static async Task<bool> IsNodeAsync(SlurmConf? conf, CancellationToken cancellationToken)
    {
        foreach (var line in conf?.All("NodeName") ?? [])
        {
            var words = line.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var hosts =
                words.FirstOrDefault(word => word.StartsWith("NodeHostname=", StringComparison.OrdinalIgnoreCase))?.Split('=')[1]
                ?? words.FirstOrDefault()
                ?? "";
            if (hosts.Equals("DEFAULT", StringComparison.OrdinalIgnoreCase))
                continue;
            if ((await NodeList.ExpandAsync(hosts, cancellationToken).ConfigureAwait(false)).Any(IsThis))
                return true;
        }
        return false;
    }

    // Slurm compares up to the first dot.
    private static bool IsThis(string host) => host.Split('.')[0].Equals(Environment.MachineName.Split('.')[0], StringComparison.Ordinal);
}
