using System.Globalization;
using BeBiDa.Site;
using k8s;
using k8s.Models;

namespace BeBiDa.Footprint;

/// <summary>What it costs slurmctld that the plugin looks at the states of thousands of nodes, of which one changes every second.</summary>
/// <param name="Nodes">How many nodes there are, without machines.</param>
public sealed record Looks(int Nodes)
{
    private const int Seconds = 60;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Measures without the plugin, with looks every five seconds, and every second.</summary>
    public async Task RunAsync(TextWriter output)
    {
        output.WriteLine($"{Nodes} nodes, of which one is DOWN in every other second; {Seconds} s each:");
        await OneAsync(output, "without the plugin", HandOverBy.Nobody, "5s");
        await OneAsync(output, "slurm.lookInterval: 5s", HandOverBy.Plugin, "5s");
        await OneAsync(output, "slurm.lookInterval: 1s", HandOverBy.Plugin, "1s");
    }

    private async Task OneAsync(TextWriter output, string what, HandOverBy by, string interval)
    {
        await using var site = await Site.Site.StartAsync(
            new SiteOptions
            {
                Nodes = 1,
                HandOver = by,
                Configuration = $"slurm: {{lookInterval: {interval}}}\n",
                Slurm = slurm =>
                    slurm with
                    {
                        Patience = Patience,
                        LogLevel = "info",
                        // Nodes that never answer stay as they are.
                        ExtraConfiguration =
                        [
                            "NodeName=f1 NodeAddr=127.0.0.1 Port=9 CPUs=1 State=DOWN",
                            $"NodeName=f[2-{Nodes}] NodeAddr=127.0.0.1 Port=9 CPUs=1",
                            $"PartitionName={FarNodes.Partition} Nodes=f[1-{Nodes}]",
                            "SlurmdTimeout=0",
                        ],
                    },
            }
        );
        await Parallel.ForEachAsync(
            FarNodes.Names(Nodes),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (name, cancel) =>
                await site.Client.CoreV1.CreateNodeAsync(
                    new V1Node { Metadata = new V1ObjectMeta { Name = name } },
                    cancellationToken: cancel
                )
        );
        // slurmctld has tried to reach all of them by then, and Kubernetes' controllers have seen them.
        await Task.Delay(TimeSpan.FromSeconds(60));

        var process = site.Slurm.Controller.ProcessId;
        var (before, from) = (ProcessorTime.Of(process), site.Slurm.Controller.ReadLog().Length);
        var end = DateTimeOffset.UtcNow.AddSeconds(Seconds);
        for (var i = 0; DateTimeOffset.UtcNow < end; i++)
        {
            var second = Task.Delay(TimeSpan.FromSeconds(1));
            string[] change = i % 2 == 0 ? ["State=resume"] : ["State=down", "Reason=measured"];
            (await site.Slurm.RunAsync("scontrol", ["update", "NodeName=f1", .. change])).EnsureSucceeded();
            await second;
        }
        var spent = ProcessorTime.Of(process) - before;
        var writes = site
            .Slurm.Controller.ReadLog()[from..]
            .Split('\n')
            .Count(line => line.Contains("bebida: node f1 ", StringComparison.Ordinal));
        var state = ProcessState.Read(process);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  {what}: {spent * 1000 / Seconds:0.0} ms of processor time a second, {state.Anonymous / 1048576.0:0} MB anonymous, {writes} writes to the node"
            )
        );
    }
}
