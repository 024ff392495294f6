using BeBiDa.Cli.Checks;

namespace BeBiDa.Cli.Slurm;

/// <summary>The Slurm that is installed on this host: its daemon has this version from its next start on.</summary>
/// <param name="Prefix">Where they are, such as /usr or /opt/slurm.</param>
/// <param name="Version">What the daemon's <c>-V</c> says.</param>
internal sealed record InstalledSlurm(string Prefix, SlurmVersion? Version)
{
    /// <summary>Its own plugin directory: what PluginDir is where slurm.conf does not say.</summary>
    /// <returns>Null where its own plugins are not found.</returns>
    public string? PluginDirectory =>
        new[] { "lib64", "lib" }
            .Select(lib => Path.Combine(Prefix, lib))
            .Where(Directory.Exists)
            .SelectMany(lib => Directory.EnumerateDirectories(lib, "*", new EnumerationOptions()).Prepend(lib))
            .SelectMany(folder => Directory.EnumerateDirectories(folder, "slurm*", new EnumerationOptions()))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "prep_script.so")));

    /// <summary>Looks for it above its plugins, and in PATH.</summary>
    /// <param name="role">Whose daemon is asked.</param>
    /// <param name="pluginFolders">PluginDir, as far as it is known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<InstalledSlurm?> FindAsync(HostRole role, string? pluginFolders, CancellationToken cancellationToken)
    {
        var daemon = role == HostRole.Controller ? "slurmctld" : "slurmd";
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (
            (pluginFolders ?? "")
                .Split(':', StringSplitOptions.RemoveEmptyEntries)
                .SelectMany(Above)
                .Concat(path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.GetDirectoryName(folder) ?? "/"))
                .FirstOrDefault(prefix => File.Exists(Path.Combine(prefix, "sbin", daemon)))
            is not { } prefix
        )
            return null;
        var told = await HostCommand.RunAsync(Path.Combine(prefix, "sbin", daemon), ["-V"], cancellationToken).ConfigureAwait(false);
        return new InstalledSlurm(prefix, SlurmVersion.Parse(told.Output));
    }

    private static IEnumerable<string> Above(string folder)
    {
        for (var above = Path.GetDirectoryName(folder); above is not (null or "/"); above = Path.GetDirectoryName(above))
            yield return above;
    }
}
