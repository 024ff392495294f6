using BeBiDa.Configuration;
using CliWrap;
using CliWrap.Buffered;

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
        BufferedCommandResult result;
        try
        {
            result = await CliWrap
                .Cli.Wrap("scontrol")
                .WithArguments(["show", "hostnames", nodes])
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(cancellationToken)
                .ConfigureAwait(false);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new ConfigurationException(
                $"'{nodes}': scontrol, which expands it, cannot be run ({e.Message}); name the nodes one by one, with commas"
            );
        }
        if (result.ExitCode != 0)
            throw new ConfigurationException($"'{nodes}': scontrol show hostnames: {result.StandardError.Trim()}");
        return result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
