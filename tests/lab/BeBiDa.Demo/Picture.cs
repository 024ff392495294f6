using BeBiDa.Lab;

namespace BeBiDa.Demo;

/// <summary>The picture that the demo ends with: who had which node when, by <c>bebidactl timeline</c>.</summary>
internal static class Picture
{
    /// <summary>Where it is written.</summary>
    public static string Path { get; } = System.IO.Path.Combine(PluginBuild.RepositoryRoot(), "build", "timeline.svg");

    /// <summary>Draws and writes it.</summary>
    /// <param name="bebidactl">The tool, as the site's admin runs it.</param>
    /// <param name="log">slurmctld's log.</param>
    /// <param name="nodes">Where the job was.</param>
    /// <param name="claims">What is claimed of it.</param>
    public static async Task WriteAsync(
        Func<string[], Task<CommandResult>> bebidactl,
        string log,
        IReadOnlyList<string> nodes,
        Claims claims
    )
    {
        var svg = (await bebidactl(["timeline", "--log", log])).EnsureSucceeded().StandardOutput;
        await File.WriteAllTextAsync(Path, svg);
        claims.Add(
            "bebidactl timeline draws the job on its nodes",
            nodes.All(n => svg.Contains($"{n}: Slurm: job ", StringComparison.Ordinal))
        );
    }
}
