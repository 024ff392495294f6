using System.Globalization;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>How a resource manager has called <c>bebidactl hook</c>.</summary>
/// <param name="IsProlog">Before the job, or after it.</param>
/// <param name="Arguments">The arguments that it gave.</param>
/// <param name="Environment">The variables that it set.</param>
/// <param name="Job">The job that <c>--job</c> names; null when it is among the arguments or variables.</param>
/// <param name="Nodes">The nodes that <c>--nodes</c> lists; null when the resource manager tells them.</param>
/// <param name="Cluster">What <c>--cluster</c> calls the cluster; null for the resource manager's own word.</param>
internal sealed record HookCall(
    bool IsProlog,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    JobNumber? Job,
    string? Nodes,
    string? Cluster
)
{
    /// <summary>An argument, counted from 1 as their documentation does; empty when there are fewer.</summary>
    public string Argument(int number) => number <= Arguments.Count ? Arguments[number - 1] : "";

    /// <summary>A variable; empty when it is not set.</summary>
    public string Variable(string name) => Environment.GetValueOrDefault(name, "");

    /// <summary>The job, from <c>--job</c> or an argument.</summary>
    /// <exception cref="FormatException">It is not a job's number.</exception>
    public JobNumber Number(string argument, string what)
    {
        if (Job is not null)
            return Job;
        return uint.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? new JobNumber(id, null)
            : throw new FormatException($"'{argument}' is not a job ID: {what}");
    }

    /// <summary>The nodes, from <c>--nodes</c> or from somewhere else.</summary>
    /// <exception cref="FormatException">There are none: a command whose output they were to be has failed.</exception>
    public async Task<IReadOnlyList<string>> NodesAsync(Func<IReadOnlyList<string>> otherwise, CancellationToken cancellationToken)
    {
        if (Nodes is null)
            return otherwise();
        var nodes = await NodeList.ExpandAsync(Nodes, cancellationToken).ConfigureAwait(false);
        return nodes.Count > 0 ? nodes : throw new FormatException("--nodes names no node");
    }

    /// <summary>Reads the nodes from a file with one line for each, or for each slot, whose first word is the node's name.</summary>
    /// <exception cref="FormatException">It cannot be read, or names none.</exception>
    public static IReadOnlyList<string> NodesIn(string file)
    {
        try
        {
            IReadOnlyList<string> nodes =
            [
                .. File.ReadLines(file)
                    .Select(line => line.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                    .Where(words => words.Length > 0)
                    .Select(words => words[0])
                    .Distinct(StringComparer.Ordinal),
            ];
            return nodes.Count > 0 ? nodes : throw new FormatException($"{file}: names no node");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"the job's nodes cannot be read: {e.Message}");
        }
    }

    /// <summary>Puts a job together.</summary>
    /// <exception cref="FormatException">The cluster's name cannot be written to Kubernetes.</exception>
    public Job Describe(
        ResourceManager manager,
        JobNumber number,
        IReadOnlyList<string> nodes,
        string name = "",
        string user = "",
        string queue = ""
    )
    {
        var job = new Job(Cluster ?? manager.Word, number.Id, name, user, queue, nodes) { Task = number.Task, Manager = manager.Name };
        _ = job.Hold;
        return job;
    }
}
