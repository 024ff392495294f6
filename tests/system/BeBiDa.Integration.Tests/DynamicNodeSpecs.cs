using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.Hollow.Nodes;

namespace BeBiDa.Site.Tests;

/// <summary>Nodes that slurm.conf does not name: they come by themselves (<c>slurmd -Z</c>), and are deleted.</summary>
internal sealed class DynamicNodeSpecs : SiteTest
{
    private const string Node = "d1";
    private const string Partition = "dynamic";

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 2,
            Configuration = "  requestTimeout: 1s\ncontroller: {reconcileInterval: 1s}\nslurm: {lookInterval: 1s}\n",
            KubernetesNode = name => new HollowNode(name == "n2" ? Node : name),
            Slurm = slurm =>
                slurm with
                {
                    // A node that is DOWN stays so though its slurmd answers.
                    ExtraConfiguration = ["ReturnToService=0", "MaxNodeCount=8", "TreeWidth=65533", $"PartitionName={Partition} Nodes=ALL"],
                },
        };

    [Test, Category("Core")]
    public async Task A_node_that_came_by_itself_is_taken_for_its_job_and_free_when_Slurm_has_forgotten_it()
    {
        var slurmd = await Slurm.AddNodeAsync(Node);
        var first = await StartJobAsync("-p", Partition, "-w", Node);
        await HeldAsync(Node, first);
        await CancelAsync(first);
        await Site.WaitUntilFreeAsync();

        var second = await StartJobAsync("-p", Partition, "-w", Node);
        await HeldAsync(Node, second);
        using (Site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" }))
        {
            await CancelAsync(second);
            await Eventually.HoldsAsync(
                $"{Node} is deleted",
                Patience,
                async _ => (await Slurm.RunAsync("scontrol", ["delete", $"NodeName={Node}"])).ExitCode == 0
            );
            await slurmd.StopAsync(Patience);
            Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { $"{Node} lab.{second}" }));
        }
        await Site.WaitUntilFreeAsync();
    }

    [Test, Category("Core")]
    public async Task The_state_of_such_a_node_counts_until_Slurm_has_forgotten_it()
    {
        var slurmd = await Slurm.AddNodeAsync(Node);
        (await Slurm.RunAsync("scontrol", ["update", $"NodeName={Node}", "State=down", "Reason=disk"])).EnsureSucceeded();
        await Eventually.HoldsAsync($"{Node} is held", Patience, async _ => (await Site.HoldsAsync()).SequenceEqual([$"{Node} lab.down"]));
        await slurmd.StopAsync(Patience);
        (await Slurm.RunAsync("scontrol", ["delete", $"NodeName={Node}"])).EnsureSucceeded();
        await Site.WaitUntilFreeAsync();
    }
}
