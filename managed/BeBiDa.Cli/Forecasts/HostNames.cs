using System.Text;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Forecasts;

/// <summary>Expands many lists of nodes with few calls of scontrol.</summary>
/// <param name="expand">Expands one list, and keeps its order (<see cref="NodeList.ExpandAsync"/>).</param>
internal sealed class HostNames(Func<string, CancellationToken, Task<IReadOnlyList<string>>> expand)
{
    // Between two lists in one call: no host's name begins with a dot, and no list of Slurm's has it.
    private const string Between = ".bebida";

    // An argument may have 128 KiB (execve(2), MAX_ARG_STRLEN).
    private const int Longest = 100_000;

    /// <summary>Expands each of some lists.</summary>
    /// <param name="lists">The lists, each once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ConfigurationException">One is no list of nodes, or there is no scontrol to ask.</exception>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ExpandAsync(
        IEnumerable<string> lists,
        CancellationToken cancellationToken
    )
    {
        var expanded = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var (together, joined) = (new List<string>(), new StringBuilder());
        foreach (var list in lists)
            if (!list.Contains('[', StringComparison.Ordinal))
                expanded[list] = list.Split(',');
            else
            {
                if (joined.Length + list.Length > Longest)
                    await FlushAsync().ConfigureAwait(false);
                together.Add(list);
                joined.Append(list).Append(',').Append(Between).Append(',');
            }
        await FlushAsync().ConfigureAwait(false);
        return expanded;

        async Task FlushAsync()
        {
            if (together.Count == 0)
                return;
            var names = await ExpandTogetherAsync().ConfigureAwait(false);
            var (one, at) = (new List<string>(), 0);
            foreach (var name in names)
                if (name != Between)
                    one.Add(name);
                else
                {
                    expanded[together[at++]] = one;
                    one = [];
                }
            if (at != together.Count)
                throw new ConfigurationException($"scontrol show hostnames expanded {at} of {together.Count} lists of nodes");
            together.Clear();
            joined.Clear();
        }

        async Task<IReadOnlyList<string>> ExpandTogetherAsync()
        {
            try
            {
                return await expand(joined.ToString().TrimEnd(','), cancellationToken).ConfigureAwait(false);
            }
            catch (ConfigurationException)
            {
                // The one that is none, and not thousands, stands in the error.
                foreach (var list in together)
                    await expand(list, cancellationToken).ConfigureAwait(false);
                throw;
            }
        }
    }
}
