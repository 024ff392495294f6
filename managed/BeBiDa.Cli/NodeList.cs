using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Cli;

/// <summary>Expands a list of nodes as Slurm writes it (<c>n[1-4],login</c>); Slurm's own scontrol knows how.</summary>
internal static class NodeList
{
    /// <summary>Expands.</summary>
    /// <exception cref="ConfigurationException">It is no list of nodes, or there is no scontrol to ask.</exception>
    public static async Task<IReadOnlyList<string>> ExpandAsync(string nodes, CancellationToken cancellationToken)
    {
        if (!nodes.Contains('[', StringComparison.Ordinal))
            return nodes.Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var answer = await HostCommand.RunAsync("scontrol", ["show", "hostnames", nodes], cancellationToken).ConfigureAwait(false);
        return answer.Output?.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            ?? throw new ConfigurationException(
                $"'{nodes}': {answer.Problem}{(answer.IsInstalled ? "" : "; it expands such lists: name the nodes one by one, with commas")}"
            );
    }
}
