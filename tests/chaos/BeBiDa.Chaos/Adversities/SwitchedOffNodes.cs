using BeBiDa.Lab;

namespace BeBiDa.Chaos.Adversities;

/// <summary>Has Slurm's power saving switch nodes off, with their slurmd and kubelet, and on again.</summary>
public sealed class SwitchedOffNodes(SlurmCluster slurm)
{
    private const string Off = "POWERED_DOWN";
    private const string On = "POWERING_UP";
    private const string Any = "POWER";

    /// <summary>The settings of slurm.conf that it needs, with BeBiDa's programs in front of the machines' own.</summary>
    public static IReadOnlyList<string> Settings(Site.Machines machines) =>
        [
            $"SuspendProgram={machines.Program("suspend-program", "off")}",
            $"ResumeProgram={machines.Program("resume-program", "on")}",
            "SuspendTime=86400",
            "SuspendTimeout=20",
            "ResumeTimeout=120",
        ];

    /// <summary>Switches nodes off; returns when Slurm has said of each that it is. Jobs that run there go on to their end.</summary>
    /// <exception cref="TimeoutException">It does not say so.</exception>
    public async Task BeginAsync(IReadOnlyList<string> nodes, CancellationToken stop)
    {
        (await slurm.RunAsync("scontrol", ["update", $"NodeName={string.Join(',', nodes)}", "State=power_down"], stop)).EnsureSucceeded();
        // One may be on again, for a job, before another has come to its end.
        var awaited = nodes.ToHashSet();
        await Eventually.HoldsAsync(
            "the nodes are switched off",
            Eventually.Patience,
            async cancel =>
            {
                awaited.ExceptWith(from node in await StatesAsync(cancel) where Is(node.State, Off) || Is(node.State, On) select node.Node);
                return awaited.Count == 0;
            },
            stop,
            () => $"Not yet: {string.Join(", ", awaited)}."
        );
    }

    /// <summary>The nodes that are off. A job that asks for one has Slurm switch it on.</summary>
    public async Task<IReadOnlyList<string>> OffAsync(CancellationToken stop) =>
        [.. (await StatesAsync(stop)).Where(s => Is(s.State, Off)).Select(s => s.Node)];

    /// <summary>Switches all nodes on; returns when Slurm says that they are.</summary>
    /// <exception cref="TimeoutException">It does not.</exception>
    public Task EndAsync(CancellationToken stop) =>
        Eventually.HoldsAsync(
            "every node is on",
            Eventually.Patience,
            async cancel =>
            {
                var states = await StatesAsync(cancel);
                foreach (var (node, _) in states.Where(s => Is(s.State, Off)))
                    await slurm.RunAsync("scontrol", ["update", $"NodeName={node}", "State=power_up"], cancel);
                return states.Count > 0 && states.All(s => !Is(s.State, Any));
            },
            stop
        );

    private static bool Is(string state, string word) => state.Contains(word, StringComparison.Ordinal);

    private async Task<IReadOnlyList<(string Node, string State)>> StatesAsync(CancellationToken stop) =>
        [
            .. from line in (await slurm.RunAsync("scontrol", ["--oneliner", "show", "nodes"], stop)).StandardOutput.Split('\n')
            let fields = line.Split(' ')
            where fields[0].StartsWith("NodeName=", StringComparison.Ordinal)
            select (fields[0]["NodeName=".Length..], fields.First(f => f.StartsWith("State=", StringComparison.Ordinal))),
        ];
}
